import { availableParallelism } from 'node:os';

const swc = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
};

export default {
  testEnvironment: 'node',
  globalSetup: './test/support/global-setup.js',
  // On two cores Jest would run everything in one process, whose heap grows with every suite.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  workerIdleMemoryLimit: '1GB',
  // Long enough for a busy machine: it is there to tell a hang, not to measure.
  testTimeout: 30_000,
  globalTeardown: './test/support/global-teardown.js',
  reporters: ['default', './scripts/contract.reporter.js'],
  testRegex: '\\.spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/libs/.*/dist', '<rootDir>/dist'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // The library's sources instead of what was built of them.
  testEnvironmentOptions: { customExportConditions: ['nest-sessions-source', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
};
