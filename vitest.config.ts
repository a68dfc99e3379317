import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most tests start programs or compile: a loaded machine takes many times as long as a quiet one.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
