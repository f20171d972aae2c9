-- What wrk sends, and what it makes of the answers: wrk -s wrk.lua <url> -- <method> <path> <file of cookies> <expected body>
-- In the file: one line for each session, empty for a request without a cookie.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local requests, expected, at = {}, nil, 0
failures = 0

function init(args)
  expected = args[4]
  for cookie in io.lines(args[3]) do
    local headers = { Host = "127.0.0.1" }
    if cookie ~= "" then headers.Cookie = cookie end
    table.insert(requests, wrk.format(args[1], args[2], headers))
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function response(status, _, body)
  if status ~= 200 or body ~= expected then failures = failures + 1 end
end

-- Latencies and duration in microseconds.
function done(summary, latency)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("failures") end
  local errors = summary.errors
  io.write(string.format(
    '\n{"answers":%d,"microseconds":%d,"p50":%.0f,"p99":%.0f,"failures":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    wrong + errors.connect + errors.read + errors.write + errors.timeout
  ))
end
