import { defineConfig } from '@playwright/test';
import { browser } from './browser.ts';

/** Takes the pictures of the documentation: `npm run screenshots`. */
export default defineConfig({
  testDir: 'screenshots',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: { ...browser, actionTimeout: 15_000 },
});
