import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from '@playwright/test';

const STEP_SECONDS = 30;

/** The step of an authenticator's clock (RFC 6238 §4.1) and how much of it is over, in seconds. */
const stepNow = () => Math.floor(Date.now() / 1000 / STEP_SECONDS);

/** An authenticator with one key, by Debian's `oathtool`. */
export class Authenticator {
  private last = 0;
  private readonly key: string;

  constructor(key: string) {
    this.key = key.replaceAll(' ', '');
  }

  /** A code that was not used yet. The server takes one a step early; for a third within a step it has to be waited. */
  async code(): Promise<string> {
    const next = () => Math.max(stepNow(), this.last + 1);
    await expect.poll(() => next() <= stepNow() + 1, { timeout: 2 * STEP_SECONDS * 1000 }).toBe(true);
    this.last = next();
    return this.at(this.last);
  }

  /** A code of long ago. */
  wrong(): Promise<string> {
    return this.at(stepNow() - 1000);
  }

  private async at(step: number): Promise<string> {
    const at = new Date(step * STEP_SECONDS * 1000).toISOString().slice(0, 19).replace('T', ' ');
    const { stdout } = await promisify(execFile)('oathtool', ['--totp', '-b', '-N', `${at} UTC`, this.key]);
    return stdout.trim();
  }
}
