import { hash } from 'node:crypto';

/**
 * The verbs as Lua. A script runs alone on its server from start to end, so each verb is one atomic step, and has one
 * key, so that a cluster knows where it belongs. What it writes reaches replicas and the append-only file as one
 * transaction: there is never a key without a time-to-live, whenever the power goes.
 *
 * A session is a hash: properties of the record by their names, fields behind `f:`, meta texts behind `m:`.
 */
export interface Script {
  readonly text: string;
  /** What a server that has seen the text knows it by. */
  readonly sha: string;
}

/** How much longer than its record a key lives: as far apart as the clocks of the callers may be. Milliseconds. */
export const SLACK = 60_000;
/** An epoch is asked for by logins under way; none takes an hour. Milliseconds. */
const EPOCH_KEPT = 3_600_000;

/** Lua's stack takes fewer than 8,000 values at once. Even, for names and texts come in pairs. */
const BATCH = 1_000;

const COMMON = `
local key = KEYS[1]

-- Pairs of a name and '=' followed by its text, or nothing if it must not be there.
local function holds(from, to)
  for i = from, to, 2 do
    local text = redis.call('HGET', key, ARGV[i])
    if (text and '=' .. text or '') ~= ARGV[i + 1] then return false end
  end
  return true
end

local function instant(name) return tonumber(redis.call('HGET', key, name)) end

-- PEXPIRE takes whole numbers only, and a clock may have fractions: a script that fails here would leave a key for ever.
local function digits(number) return string.format('%.0f', number) end

local function expire(ends, now) redis.call('PEXPIRE', key, digits(ends - now + ${SLACK})) end

local function batches(command, from, to)
  for i = from, to, ${BATCH} do
    redis.call(command, key, unpack(ARGV, i, math.min(i + ${BATCH - 1}, to)))
  end
end
`;

/** createdAt, expiresAt, pairs of name and text. */
export const CREATE = script(`${COMMON}
if redis.call('EXISTS', key) == 1 then return 'taken' end
batches('HSET', 3, #ARGV)
expire(math.max(tonumber(ARGV[1]), tonumber(ARGV[2])), tonumber(ARGV[1]))
return 'ok'
`);

/**
 * A script, though HGETALL alone would do: clients can be set to ask replicas for what only reads, and a replica that
 * lags behind would show a session that has been logged out. And one text as JSON costs a client 4 µs less than a reply
 * of thirty, and the server 1 µs more.
 */
export const READ = script(`
local hash = redis.call('HGETALL', KEYS[1])
return hash[1] and cjson.encode(hash)
`);

/**
 * now, the end to extend to or nothing, '1' to replace all fields, how many values the expectations and the pairs to
 * set take, then these two, and last the names that go.
 *
 * When Redis is out of memory it refuses a script's first write, and only that: so what grows comes first, and a change
 * that only removes still happens.
 */
export const UPDATE = script(`${COMMON}
local now, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local set = 6 + ARGV[4]
local unset = set + ARGV[5]
local ends = instant('expiresAt')
if not ends or ends <= now then return 'gone' end
if not holds(6, set - 1) then return 'conflict' end
batches('HSET', set, unset - 1)
if ARGV[3] == '1' then
  local kept = {}
  for i = set, unset - 1, 2 do kept[ARGV[i]] = true end
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 1, 2) == 'f:' and not kept[name] then redis.call('HDEL', key, name) end
  end
end
batches('HDEL', unset, #ARGV)
redis.call('HINCRBY', key, 'version', 1)
ends = instant('expiresAt')
if wanted then
  ends = math.min(math.max(ends, wanted), instant('absoluteExpiresAt'))
  redis.call('HSET', key, 'expiresAt', digits(ends))
end
expire(ends, now)
return 'ok'
`);

/** now, the wanted end, expectations. PEXPIRE first, which works without memory: nobody is to be logged out by that. */
export const TOUCH = script(`${COMMON}
local now, ends = tonumber(ARGV[1]), instant('expiresAt')
if not ends or ends <= now then return 'gone' end
if not holds(3, #ARGV) then return 'conflict' end
local later = math.min(math.max(ends, tonumber(ARGV[2])), instant('absoluteExpiresAt'))
if later ~= ends then
  expire(later, now)
  redis.call('HSET', key, 'expiresAt', digits(later))
end
return 'ok'
`);

/** Expectations. Answers with the user whose session it was, '' for nobody's, nil if there was nothing to end. */
export const DELETE = script(`${COMMON}
local record = redis.call('HMGET', key, 'expiresAt', 'userId')
if not record[1] or not holds(1, #ARGV) then return false end
redis.call('DEL', key)
return record[2] or ''
`);

/** id, absoluteExpiresAt, now. An end is only ever raised: the write that this announces may yet be refused. */
export const INDEX = script(`
local key, id, ends, now = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('ZSCORE', key, id)
if not known or tonumber(known) < ends then redis.call('ZADD', key, ARGV[2], id) end
redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - ${SLACK}))
local ttl = ends - now + ${SLACK}
if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, string.format('%.0f', ttl)) end
return 'ok'
`);

export const UNINDEX = script(`return redis.call('ZREM', KEYS[1], ARGV[1])`);

/** now. */
export const LIST = script(`return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf')`);

/** now. DEL first, which works without memory: revoking must, and what it removes is more than this adds. */
export const RAISE_EPOCH = script(`
local known = tonumber(redis.call('GET', KEYS[1])) or 0
if tonumber(ARGV[1]) <= known then return 'ok' end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ${EPOCH_KEPT})
return 'ok'
`);

export const EPOCH = script(`return redis.call('GET', KEYS[1])`);

/** Answers with eviction policy and whether it is a cluster, as far as INFO is allowed. The key must take a write. */
export const PROBE = script(`
redis.call('SET', KEYS[1], '1', 'PX', 1000)
redis.call('DEL', KEYS[1])
local function info(section, pattern)
  local text = redis.pcall('INFO', section)
  return type(text) == 'string' and string.match(text, pattern) or ''
end
return {info('memory', 'maxmemory_policy:([%w-]+)'), info('cluster', 'cluster_enabled:(%d)')}
`);

function script(text: string): Script {
  return { text, sha: hash('sha1', text) };
}
