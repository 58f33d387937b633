import type { Locator, Page } from '@playwright/test';
import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';

async function open(page: Page, address = '/board'): Promise<void> {
  await page.goto(address);
  await hydrated(page);
  await expect(page.locator('html[data-live]')).toBeAttached();
}

const column = (page: Page, name: string) => page.getByRole('list', { name, exact: true });

/** Where a card stands in a column, from the top; -1 when it is not there. */
async function place(cell: Locator, id: string): Promise<number> {
  return cell.evaluate((element, id) => [...element.children].findIndex((card) => card.id === id), id);
}

test('a card moves by mouse, for everybody, and for good', async ({ page, openPage }) => {
  const other = await openPage();
  await signIn(page, MIA);
  await signIn(other, ADA);
  await open(page);
  await open(other);
  const card = column(page, 'Open').getByRole('listitem').first();
  const id = (await card.getAttribute('id')) ?? '';
  const from = await card.boundingBox();
  const to = await column(page, 'In progress').boundingBox();
  if (!from || !to) throw new Error('the card and the column have a place');
  await page.mouse.move(from.x + 40, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(from.x + 80, from.y + 40, { steps: 4 });
  await page.mouse.move(to.x + 60, to.y + 5, { steps: 10 });
  await page.mouse.up();
  await expect.poll(() => place(column(page, 'In progress'), id)).toBe(0);
  await expect.poll(() => place(column(other, 'In progress'), id)).toBe(0);
  await expect(page).toHaveURL('/board');
  await page.reload();
  expect(await place(column(page, 'In progress'), id)).toBe(0);
});

test('a card moves by keyboard, and each step is said', async ({ page }) => {
  await signIn(page, MIA);
  await open(page);
  const card = column(page, 'Open').getByRole('listitem').first();
  const id = (await card.getAttribute('id')) ?? '';
  await card.focus();
  await page.keyboard.press('Space');
  const said = page.locator('.board [aria-live="assertive"]');
  await expect(said).toContainText('Lifted');
  await page.keyboard.press('ArrowRight');
  await expect(said).toContainText('In progress, position 1');
  await page.keyboard.press('Escape');
  await expect(said).toContainText('back where it was');
  expect(await place(column(page, 'Open'), id)).toBe(0);
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  await expect.poll(() => place(column(page, 'In progress'), id)).toBe(0);
  await expect(page.locator(`#${id}`)).toBeFocused();
});

test('swimlanes are chosen in the address, and nothing is out of reach', async ({ page }) => {
  await signIn(page, MIA);
  await open(page, '/board?lanes=urgency');
  await expect(page.getByRole('region', { name: 'Critical' })).toBeVisible();
  await expectAccessible(page);
});
