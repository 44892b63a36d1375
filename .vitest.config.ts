import { defineConfig } from 'vitest/config';

/**
 * Processes rather than threads: tests start servers, workers and signal handlers of their own, and
 * a test that blocks its thread in Atomics.wait must not hold up another file's.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // V8's books about pages of machine code, which it keeps to protect them, go wrong now and then when
    // threads are terminated at work, as some tests do all the time: "Check failed: jit_page.has_value()".
    execArgv: ['--no-memory-protection-keys'],
    // Or every server that a test starts would want the one default port of RESP.
    env: { FLAGSTONE_RESP_PORT: '0' },
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
  },
});
