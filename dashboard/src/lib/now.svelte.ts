import { createSubscriber } from 'svelte/reactivity';

/** The time, told once a second to whoever reads `now.date` in markup or an effect; the clock stands while nobody does. */
class Now {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });

  get date(): Date {
    this.#subscribe();
    return new Date();
  }
}

export const now = new Now();
