import { type BrowserContext, type BrowserContextOptions, type Page, test as base, expect } from '@playwright/test';
import { type Account, Api } from './api.ts';
import { Clock } from './clock.ts';
import { Guard, NOTHING } from './guard.ts';
import { Program } from './program.ts';
import { Proxy } from './proxy.ts';

export { expect };

/** Somebody with an account, logged in in a browser and with a program that uses the API. */
export interface Person {
  account: Account;
  page: Page;
  api: Api;
}

export const OWNER: Account = {
  email: 'olivia@example.com',
  name: 'Olivia',
  password: 'correct horse battery staple',
};

interface Options {
  /** What `temps serve` is told beside directory and addresses. */
  serve: string[];
  /** By how many seconds the program's time is behind at first, for tests that move it. */
  behindBy: number | undefined;
}

interface Fixtures {
  /** The program, with nobody set up. */
  temps: Program;
  /** The time of the program, in tests that say by how much it is behind. */
  clock: Clock;
  guard: Guard;
  /** Opens a further browser, on another loopback address if one is named. */
  anotherBrowser: (from?: string, options?: BrowserContextOptions) => Promise<BrowserContext>;
  /** The first user, logged in. */
  owner: Person;
}

export const test = base.extend<Options & Fixtures>({
  serve: [[], { option: true }],

  behindBy: [undefined, { option: true }],

  clock: async ({ behindBy }, use, testInfo) => {
    const clock = new Clock(testInfo.outputPath('clock'));
    clock.behindBy(behindBy ?? 0);
    await use(clock);
  },

  temps: async ({ serve, behindBy, clock }, use, testInfo) => {
    const program = await Program.start(serve, behindBy === undefined ? {} : clock.environment);
    try {
      await use(program);
    } finally {
      await program.remove();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach('log of the program', { body: program.log, contentType: 'text/plain' });
      }
    }
  },

  guard: [
    async ({ temps }, use) => {
      const guard = new Guard(temps);
      await use(guard);
      expect(guard.findings(), 'what went wrong in the browser').toEqual(NOTHING);
    },
    { auto: true },
  ],

  context: async ({ context, guard }, use) => {
    await guard.watch(context);
    await use(context);
  },

  anotherBrowser: async ({ browser, baseURL, contextOptions, viewport, ignoreHTTPSErrors, guard }, use) => {
    const contexts: BrowserContext[] = [];
    const proxies: Proxy[] = [];
    await use(async (from, options) => {
      const proxy = from === undefined ? undefined : await Proxy.from(from);
      if (proxy) proxies.push(proxy);
      const context = await browser.newContext({
        ...contextOptions,
        baseURL,
        viewport,
        ignoreHTTPSErrors,
        proxy: proxy && { server: proxy.url },
        ...options,
      });
      contexts.push(context);
      await guard.watch(context);
      return context;
    });
    await Promise.all(contexts.map((context) => context.close()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
  },

  owner: async ({ temps, context, page }, use) => {
    const api = new Api(temps);
    await api.setUp(OWNER);
    await context.addCookies([api.cookie]);
    await use({ account: OWNER, page, api });
  },

  // Addresses in tests are paths of the dashboard.
  baseURL: async ({ temps }, use) => use(temps.url),
});
