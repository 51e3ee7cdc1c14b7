import { Problem, type Rule } from '$lib/api';
import { count } from '$lib/format';
import { pagedList, type PagedList } from '$lib/list.svelte';
import { toasts } from '$lib/toasts.svelte';
import type { FirewallAccess } from './access';
import { againOf, bodyOf, ruleName } from './rule';

type RulePage = Awaited<ReturnType<FirewallAccess['rules']>>;

/** One firewall on its page: its calls, its rules, and what may be done with it. */
export class Firewalling {
  readonly access: FirewallAccess;
  readonly rules: PagedList<RulePage>;
  #about: () => { mayWrite: boolean; environments: readonly string[] };

  constructor(access: FirewallAccess, about: () => { mayWrite: boolean; environments: readonly string[] }) {
    this.access = access;
    this.#about = about;
    this.rules = pagedList((cursor, signal) => access.rules(cursor, signal));
  }

  get mayWrite(): boolean {
    return this.#about().mayWrite;
  }

  get environments(): readonly string[] {
    return this.#about().environments;
  }

  /** Where a rule can hold. */
  get places(): { value: string; label: string }[] {
    if (this.access.scope !== 'project') return [];
    return [{ value: '', label: 'Whole project' }, ...this.environments.map((slug) => ({ value: slug, label: slug }))];
  }

  /** Takes rules back that were just added. */
  takeBack = async (added: readonly Rule[]): Promise<void> => {
    let effective: number | null | undefined;
    await this.#undo(async () => {
      for (const rule of added) effective = (await this.access.remove(rule)).effective_ms;
      toasts.effective(added.length === 1 && added[0] ? `Taken back: ${ruleName(added[0])}.` : `Took back ${count(added.length, 'rule')}.`, effective);
    });
  };

  /** Adds a rule again that was just removed. */
  putBack = (removed: Rule): Promise<void> =>
    this.#undo(async () => {
      const { effective_ms } = await this.access.add(againOf(removed));
      toasts.effective(`Added again: ${ruleName(removed)}.`, effective_ms);
    });

  /** Gives a changed rule what it said before. */
  changeBack = (changed: Rule, before: Rule): Promise<void> =>
    this.#undo(async () => {
      const { effective_ms } = await this.access.change(changed, bodyOf(before));
      toasts.effective(`As it was: ${ruleName(before)}.`, effective_ms);
    });

  async #undo(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      toasts.problem(Problem.from(thrown));
    }
    await this.rules.first.reload();
  }
}
