import { describe, expect, it } from 'vitest';
import { demandOf, insist, type Demand } from './demand';

describe('what the server demands', () => {
  it('is read from status and code', () => {
    expect(demandOf(401, { code: 'login_required' })).toEqual({ for: 'login' });
    expect(demandOf(403, { code: 'step_up_required', methods: ['totp'] })).toEqual({ for: 'proof', methods: ['totp'] });
    expect(demandOf(403, { code: 'second_factor_required' })).toEqual({ for: 'second-factor' });
  });

  it.each([[401, { code: 'login_failed' }], [401, { code: 'second_factor_failed' }], [403, { code: 'proof_wrong' }], [200, { code: 'login_required' }], [401, null], [403, 'text']])(
    '%d %j demands nothing', (status, body) => expect(demandOf(status, body)).toBeUndefined(),
  );
});

describe('a call', () => {
  const run = async (answers: (Demand | undefined)[], met: boolean) => {
    let attempts = 0;
    await insist(async () => answers[attempts++], async (demand) => demand, async () => met);
    return attempts;
  };
  const login: Demand = { for: 'login' };

  it('is made once where nothing is demanded', async () => expect(await run([undefined], true)).toBe(1));
  it('is made again after what was demanded', async () => expect(await run([login, { for: 'proof', methods: [] }, undefined], true)).toBe(3));
  it('is not made again when the person declines', async () => expect(await run([login], false)).toBe(1));
  it('does not go round in circles', async () => expect(await run([login, login, login, login, login], true)).toBe(4));
});
