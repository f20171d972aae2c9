// Prints "N passed, N failed" alone on a line, from Jest's JSON results. A skipped test is a failure here.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
if (text === '') {
  console.log('Jest did not run: see above.');
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const { numFailedTestSuites, numFailedTests, numPassedTests, numPendingTests, numTodoTests, success, testResults } =
  JSON.parse(text);
const skipped = numPendingTests + numTodoTests;
// A suite that did not even load has no failed test to count.
const broken = testResults.filter(
  ({ assertionResults, status }) => status === 'failed' && assertionResults.length === 0,
).length;
const failed = numFailedTests + broken + skipped;
if (skipped > 0) console.log(`${skipped} skipped: in CI that is a failure.`);
console.log(`${numPassedTests} passed, ${failed} failed`);
process.exit(success && numFailedTestSuites === 0 && failed === 0 && numPassedTests > 0 ? 0 : 1);
