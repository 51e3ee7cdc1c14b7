import type { ProblemDetails } from './types';

/** What the server wants from the person before it does what a call asks for. */
export type Demand =
  /** The session has ended. */
  | { for: 'login' }
  /** A fresh proof, by one of these. */
  | { for: 'proof'; methods: string[] }
  /** A second factor, which the person has yet to add. */
  | { for: 'second-factor' };

/** What an answer demands; a wrong password at the login is another 401. */
export function demandOf(status: number, body: unknown): Demand | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { code, methods = [] } = body as Partial<ProblemDetails>;
  if (status === 401 && code === 'login_required') return { for: 'login' };
  if (status === 403 && code === 'step_up_required') return { for: 'proof', methods };
  if (status === 403 && code === 'second_factor_required') return { for: 'second-factor' };
  return undefined;
}

/** So often one call is made again. Whoever is asked more often than that is in a circle. */
const ROUNDS = 3;

/** Makes a call, and once more each time the person did what was demanded. */
export async function insist<A>(attempt: () => Promise<A>, demanded: (answer: A) => Promise<Demand | undefined>, meet: (demand: Demand) => Promise<boolean>): Promise<A> {
  let answer = await attempt();
  for (let round = 0; round < ROUNDS; round += 1) {
    const demand = await demanded(answer);
    if (!demand || !(await meet(demand))) break;
    answer = await attempt();
  }
  return answer;
}
