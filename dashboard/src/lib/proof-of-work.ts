// The work that a login is paid for with once there were many attempts (ALTCHA, version 2, with PBKDF2).
import { Problem } from './api/problem';

interface Parameters {
  algorithm: string;
  /** Iterations of one derivation. */
  cost: number;
  /** Bytes of a derived key. */
  keyLength: number;
  /** With what the key has to begin, in hexadecimal. */
  keyPrefix: string;
  nonce: string;
  salt: string;
}

export interface Challenge {
  parameters: Parameters;
  signature: string;
}

/** So many derivations are under way at once. The browser makes them beside the page, which stays responsive. */
const AT_ONCE = 8;
/** Some hundred times what the hardest challenge takes. */
const MOST = 1 << 22;

/** Whether it is a challenge of the kind that is solved here. */
export function isChallenge(value: unknown): value is Challenge {
  const { parameters } = (value ?? {}) as Partial<Challenge>;
  return parameters?.algorithm === 'PBKDF2/SHA-256';
}

/** Solves a challenge; the answer is what the login is sent with as `proof`. */
export async function solve(challenge: Challenge): Promise<string> {
  const { nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  const [password, saltBytes] = [fromHex(nonce), fromHex(salt)];
  for (let from = 0; from < MOST; from += AT_ONCE) {
    const counters = Array.from({ length: AT_ONCE }, (_, index) => from + index);
    const keys = await Promise.all(counters.map((counter) => derive(password, counter, saltBytes, cost, keyLength)));
    const found = keys.findIndex((key) => key.startsWith(keyPrefix.toLowerCase()));
    if (found >= 0) {
      const solution = { counter: from + found, derivedKey: keys[found] };
      return base64(JSON.stringify({ challenge, solution }));
    }
  }
  throw new Problem('answer', { code: 'unsolved', title: 'Your browser could not be checked', detail: 'The check took too long.', hint: 'Try again.' });
}

/** The key of one counter: the nonce followed by the counter, as four bytes with the highest first, is the password. */
async function derive(nonce: Uint8Array, counter: number, salt: Uint8Array<ArrayBuffer>, iterations: number, length: number): Promise<string> {
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  new DataView(password.buffer).setUint32(nonce.length, counter);
  const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, key, length * 8);
  return toHex(new Uint8Array(bits));
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}
