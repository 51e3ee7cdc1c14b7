import type { PlaywrightTestConfig } from '@playwright/test';

/** How every run drives Debian's Chromium. */
export const browser: PlaywrightTestConfig['use'] = {
  browserName: 'chromium',
  headless: true,
  viewport: { width: 1360, height: 850 },
  deviceScaleFactor: 1,
  locale: 'en-GB',
  timezoneId: 'UTC',
  // Every program has an authority of its own, which no browser knows. That the certificate is right is what Rust tests prove.
  ignoreHTTPSErrors: true,
  contextOptions: { reducedMotion: 'reduce' },
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--disable-gpu',
      '--lang=en-GB',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  },
};
