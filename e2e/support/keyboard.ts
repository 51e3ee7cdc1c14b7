import { type Locator, expect } from '@playwright/test';

/** More stops than any page has. */
const MAX_STOPS = 120;

/** Goes on with the Tab key until the focus is on an element, and checks that the eye can see it at every stop on the way. */
export async function tabTo(target: Locator): Promise<void> {
  const { keyboard } = target.page();
  for (let stop = 0; stop < MAX_STOPS; stop += 1) {
    await keyboard.press('Tab');
    const focused = target.page().locator(':focus');
    await expectVisibleFocus(focused);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${target} was not reached with ${MAX_STOPS} presses of Tab`);
}

/** The focused element shows an outline or a ring: itself, its frame, or what stands for it where the element is unseen. */
async function expectVisibleFocus(focused: Locator): Promise<void> {
  const isVisible = () =>
    focused.evaluate((element) => {
      const shows = (of: Element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(of);
        return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
      };
      const { width, height } = element.getBoundingClientRect();
      const candidates = [element, element.parentElement, element.nextElementSibling];
      return width > 0 && height > 0 && candidates.some((candidate) => candidate !== null && shows(candidate));
    });
  await expect.poll(isVisible, { message: `the focus on ${await focused.evaluate((e) => e.outerHTML.slice(0, 120))} can be seen` }).toBe(true);
}
