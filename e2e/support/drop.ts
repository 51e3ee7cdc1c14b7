import type { Locator } from '@playwright/test';

/** Drags a file or a folder of this machine onto a place in the page and lets it go, as the browser itself does it. */
export async function drop(target: Locator, path: string): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  if (!box) throw new Error('nothing can be dropped where nothing is shown');
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const page = target.page();
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await devtools.send('Input.dispatchDragEvent', { type, ...at, data });
  }
  await devtools.detach();
}
