import type { BrowserContext, ConsoleMessage } from '@playwright/test';
import type { Program } from './program.ts';

/** Addresses that leave nothing: what a page makes itself, and pages without content. */
const LOCAL = /^(blob|about|chrome-error):/;

/** A failure that a test provokes: the status or network error, and the address it may come from. */
interface Expected {
  why: string;
  failure: number | 'ERR_CONNECTION_REFUSED' | 'ERR_ABORTED';
  address: RegExp;
  seen: boolean;
}

export interface Findings {
  /** Errors and warnings in the console of the browser, and errors that no script caught. */
  errors: readonly string[];
  /** Violations of a content security policy. */
  violations: readonly string[];
  /** Requests to elsewhere. */
  foreign: readonly string[];
  /** Failures that the test announced and that did not happen. */
  missing: readonly string[];
}

export const NOTHING: Findings = { errors: [], violations: [], foreign: [], missing: [] };

/**
 * Watches every page of a test. At its end there must have been no error in the console, no violation of the content security policy and
 * no request to anywhere but the console and the sites of the program.
 */
export class Guard {
  private readonly errors: string[] = [];
  private readonly violations: string[] = [];
  private readonly foreign: string[] = [];
  private readonly expected: Expected[] = [];

  constructor(private readonly program: Program) {}

  /** Watches all that happens in a browser context, before any page is opened in it. */
  async watch(context: BrowserContext): Promise<void> {
    context.on('console', (message) => this.heard(message));
    context.on('weberror', (error) => this.errors.push(`page error: ${error.error().stack ?? error.error()}`));
    context.on('request', (request) => {
      const address = request.url();
      if (!LOCAL.test(address) && !this.program.serves(address)) this.foreign.push(`${request.method()} ${address}`);
    });
    await context.exposeBinding('reportViolation', (_source, violation: string) => this.violations.push(violation));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = event;
        const place = `${location.pathname}, ${sourceFile}:${lineNumber}`;
        const report = (globalThis as unknown as { reportViolation(text: string): void }).reportViolation;
        report(`${effectiveDirective} blocked ${blockedURI} (${place}) ${sample}`);
      });
    });
  }

  /**
   * Says that a failure is part of the test, because the browser puts failed loads into its console. It has to happen, or the test says
   * something that is not so.
   */
  expectFailure(why: string, failure: Expected['failure'], address: RegExp): void {
    this.expected.push({ why, failure, address, seen: false });
  }

  /** What it found; at the end of a test there has to be nothing. */
  findings(): Findings {
    const missing = this.expected.filter(({ seen }) => !seen).map(({ why, failure }) => `${failure}: ${why}`);
    return { errors: this.errors, violations: this.violations, foreign: this.foreign, missing };
  }

  private heard(message: ConsoleMessage): void {
    const type = message.type();
    if (type !== 'error' && type !== 'warning' && type !== 'assert') return;
    const failed = /^Failed to load resource: (?:the server responded with a status of (\d+)|net::(ERR_\w+))/.exec(message.text());
    const { url } = message.location();
    if (failed) {
      const failure = failed[1] ? Number(failed[1]) : failed[2];
      const matching = this.expected.filter((expected) => expected.failure === failure && expected.address.test(url));
      for (const expected of matching) expected.seen = true;
      if (matching.length > 0) return;
    }
    this.errors.push(`${type}: ${message.text()} (${url})`);
  }
}
