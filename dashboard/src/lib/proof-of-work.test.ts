import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isChallenge, solve, type Challenge } from './proof-of-work';

/** A challenge whose answer is `counter`, as the server makes it. */
function challengeFor(counter: number): { challenge: Challenge; key: string } {
  const [nonce, salt] = [randomBytes(16), randomBytes(16)];
  const last = Buffer.alloc(4);
  last.writeUInt32BE(counter);
  const key = pbkdf2Sync(Buffer.concat([nonce, last]), salt, 50, 32, 'sha256').toString('hex');
  const parameters = { algorithm: 'PBKDF2/SHA-256', cost: 50, keyLength: 32, keyPrefix: key.slice(0, 32), nonce: nonce.toString('hex'), salt: salt.toString('hex') };
  return { challenge: { parameters, signature: 'of the server' }, key };
}

describe('a proof of work', () => {
  it.each([0, 1, 7, 8, 300])('is found at counter %d', async (counter) => {
    const { challenge, key } = challengeFor(counter);
    const proof: unknown = JSON.parse(Buffer.from(await solve(challenge), 'base64').toString('utf8'));
    expect(proof).toEqual({ challenge, solution: { counter, derivedKey: key } });
  });

  it('keeps everything that the challenge says, also what is not ASCII', async () => {
    const { challenge } = challengeFor(2);
    const more = { ...challenge, parameters: { ...challenge.parameters, data: { note: 'é' } } };
    expect(JSON.parse(Buffer.from(await solve(more), 'base64').toString('utf8')).challenge).toEqual(more);
  });

  it('is made for challenges of this kind only', () => {
    expect(isChallenge(challengeFor(0).challenge)).toBe(true);
    for (const other of [null, undefined, 'text', {}, { parameters: { algorithm: 'SHA-256' } }]) expect(isChallenge(other)).toBe(false);
  });
});
