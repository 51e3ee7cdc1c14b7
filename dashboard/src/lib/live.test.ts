import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from './api/client';
import { connection } from './connection.svelte';
import { Live } from './live.svelte';
import { session } from './session.svelte';

/** An event stream in the hands of the test. */
class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static opened: FakeSource[] = [];
  readyState = 0;
  onopen: (() => void) | undefined;
  onerror: (() => void) | undefined;

  constructor(readonly url: string) {
    super();
    FakeSource.opened.push(this);
  }

  close(): void {
    this.readyState = FakeSource.CLOSED;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  send(name: string, data: unknown): void {
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data) }));
  }

  fail(state: number): void {
    this.readyState = state;
    this.onerror?.();
  }
}

const last = () => FakeSource.opened.at(-1) as FakeSource;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.opened = [];
  vi.stubGlobal('EventSource', FakeSource);
  vi.spyOn(api, 'GET').mockResolvedValue({ data: {} as never, response: new Response() });
  vi.spyOn(connection, 'check').mockResolvedValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a live stream', () => {
  it('tells its listeners, and whether it is current', () => {
    const live = new Live('shop');
    const stop = live.start();
    const items: unknown[] = [];
    const off = live.on('requests', (data) => items.push(...data.items));
    expect(last().url).toBe('/api/v1/projects/shop/stream');
    expect(live.state).toBe('connecting');
    last().open();
    expect(live.state).toBe('live');
    last().send('requests', { items: [{ id: '1' }], more: 0, at: '', behind_ms: 5000 });
    expect(items).toHaveLength(1);
    expect(live.state).toBe('behind');
    last().send('tick', { at: '' });
    expect(live.state).toBe('behind');
    last().send('tick', { at: '' });
    expect(live.state).toBe('live');
    vi.advanceTimersByTime(8000);
    expect(live.state).toBe('behind');
    off();
    last().send('requests', { items: [{ id: '2' }], more: 0, at: '', behind_ms: 0 });
    expect(items).toHaveLength(1);
    stop();
    expect(last().readyState).toBe(FakeSource.CLOSED);
  });

  it('leaves resuming to the browser where that does it', async () => {
    const live = new Live('shop');
    const stop = live.start();
    last().open();
    last().fail(0);
    expect(live.state).toBe('offline');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(FakeSource.opened).toHaveLength(1);
    stop();
  });

  it('opens anew what was refused, and says that something may be missing', async () => {
    const live = new Live('shop');
    const stop = live.start();
    const missed = vi.fn();
    live.on('missed', missed);
    last().open();
    last().fail(FakeSource.CLOSED);
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSource.opened).toHaveLength(2);
    last().open();
    expect(missed).toHaveBeenCalledExactlyOnceWith({ requests: null });
    stop();
  });

  it('waits for the password when the session ends', async () => {
    const renew = vi.spyOn(session, 'renew').mockResolvedValue(true);
    const live = new Live('shop');
    const stop = live.start();
    last().open();
    last().send('bye', { reason: 'session' });
    await vi.advanceTimersByTimeAsync(0);
    expect(renew).toHaveBeenCalledOnce();
    expect(FakeSource.opened).toHaveLength(2);
    stop();
  });

  it('stays closed without the permission', async () => {
    const live = new Live('shop');
    const stop = live.start();
    last().open();
    last().send('bye', { reason: 'permission' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSource.opened).toHaveLength(1);
    expect(live.state).toBe('offline');
    stop();
  });
});
