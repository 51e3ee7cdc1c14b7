import { AxeBuilder } from '@axe-core/playwright';
import { type Page, expect } from '@playwright/test';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];

/** axe-core finds nothing against WCAG 2.2 AA in what the page shows now. What lies dimmed behind an open dialog nobody can use. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const axe = new AxeBuilder({ page }).withTags(RULES).setLegacyMode();
  if ((await page.getByRole('dialog').count()) > 0) axe.exclude('main');
  const { violations } = await axe.analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} ${node.any.map((check) => check.message).join('; ')}`),
  );
  expect(found, `violations of WCAG 2.2 AA: ${what}`).toEqual([]);
}
