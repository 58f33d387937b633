import type { Locator, Page } from '@playwright/test';
import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { newTicket } from '../support/tickets.ts';

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
  await card.getByRole('link').focus();
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
  await expect(page.locator(`#${id}`).getByRole('link')).toBeFocused();
});

/** Puts a card at the top of a column. */
async function moveTo(page: Page, name: string, ticket: number): Promise<void> {
  const [from, status] = await Promise.all(['Open', name].map((name) => column(page, name).getAttribute('data-column')));
  const input = { ticket, status: Number(status), above: null, below: null, lane: null, from: Number(from) };
  const moved = await page.request.post('/rpc/board/move', { data: { input } });
  expect(moved.ok(), await moved.text()).toBe(true);
}

test('the cards are one stop for Tab, and arrows go from one to the next', async ({ page }) => {
  await signIn(page, MIA);
  await open(page);
  for (let n = 0; n < 5; n += 1) {
    const id = await newTicket(page);
    if (n < 2) await moveTo(page, 'In progress', id);
  }
  await open(page);
  const { keyboard } = page;
  const link = (name: string, n: number) => column(page, name).locator('.card').nth(n).locator('.card__subject');
  const stops = page.locator('.card__subject[tabindex="0"]');
  await expect(stops).toHaveCount(1);
  await page.getByRole('region', { name: 'Board', exact: true }).focus();
  await keyboard.press('Tab');
  await expect(link('Open', 0)).toBeFocused();
  await expect(link('Open', 0)).toHaveAccessibleDescription(/Space lifts/);
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await expect(link('Open', 2)).toBeFocused();
  await keyboard.press('ArrowUp');
  await expect(link('Open', 1)).toBeFocused();
  await keyboard.press('k');
  await expect(link('Open', 0)).toBeFocused();
  await keyboard.press('ArrowUp');
  await expect(link('Open', 0)).toBeFocused();
  await keyboard.press('ArrowRight');
  await expect(link('In progress', 0)).toBeFocused();
  await keyboard.press('End');
  await expect(column(page, 'In progress').locator('.card').last().locator('.card__subject')).toBeFocused();
  await expect(page.locator('.card__subject:focus')).toBeInViewport();
  await keyboard.press('Home');
  await keyboard.press('j');
  await expect(link('In progress', 1)).toBeFocused();
  await expectAccessible(page);

  // Tab leaves the cards, and comes back to where it was.
  await keyboard.press('Shift+Tab');
  await expect(page.locator('.card__subject:focus')).toHaveCount(0);
  await keyboard.press('Tab');
  await expect(link('In progress', 1)).toBeFocused();
  await keyboard.press('Tab');
  await expect(page.locator('.card__subject:focus')).toHaveCount(0);
  await expect(stops).toHaveCount(1);

  // A card that is made anew is the same stop, and Enter opens its ticket.
  await keyboard.press('Shift+Tab');
  const address = (await link('In progress', 1).getAttribute('href')) ?? '';
  await keyboard.press('Space');
  await keyboard.press('ArrowLeft');
  await keyboard.press('Space');
  const moved = page.locator(`.card__subject[href="${address}"]`);
  await expect(column(page, 'Open').locator(`.card__subject[href="${address}"]`)).toBeFocused();
  await expect(stops).toHaveCount(1);
  await expect(moved).toHaveAttribute('tabindex', '0');
  await keyboard.press('Enter');
  await expect(page).toHaveURL(address);
});

test('arrows go through lanes, and pass what is empty', async ({ page }) => {
  await signIn(page, MIA);
  await open(page, '/board?lanes=urgency');
  const { keyboard } = page;
  // What is beside or below, as the page has it.
  const cells = await page.locator('.lane').evaluateAll((lanes) =>
    lanes.map((lane) => [...lane.querySelectorAll('.cell')].map((cell) => [...cell.querySelectorAll('.card')].map((card) => card.id))),
  );
  const focused = () => page.evaluate(() => document.activeElement?.closest('.card')?.id);
  const column = [0, 1, 2].find((column) => cells.filter((lane) => (lane[column]?.length ?? 0) > 0).length > 1) ?? 0;
  const all = cells.flatMap((lane) => lane[column] ?? []);
  await page.locator(`#${all[0]} .card__subject`).focus();
  const way = all.slice(0, 40);
  for (const card of way.slice(1)) {
    await keyboard.press('ArrowDown');
    expect(await focused()).toBe(card);
  }
  // On the way back, none is under the heads that stick.
  for (const card of way.slice(0, -1).reverse()) {
    await keyboard.press('ArrowUp');
    expect(await focused()).toBe(card);
    const covered = await page.evaluate(() => {
      const head = document.querySelector('.board__head')?.getBoundingClientRect().bottom ?? 0;
      return head - (document.activeElement?.getBoundingClientRect().top ?? 0);
    });
    expect(covered).toBeLessThanOrEqual(0);
  }
  const lane = cells.findIndex((lane) => lane.filter((cell) => cell.length > 0).length > 1);
  const [from, to] = (cells[lane] ?? []).filter((cell) => cell.length > 0);
  await page.locator(`#${from?.[0]} .card__subject`).focus();
  await keyboard.press('ArrowRight');
  expect(await focused()).toBe(to?.[0]);
  await keyboard.press('ArrowLeft');
  expect(await focused()).toBe(from?.[0]);
});

test('swimlanes are chosen in the address, and nothing is out of reach', async ({ page }) => {
  await signIn(page, MIA);
  await open(page, '/board?lanes=urgency');
  await expect(page.getByRole('region', { name: 'Critical' })).toBeVisible();
  await expectAccessible(page);
});

test('a column that is full says so while a card is held over it', async ({ page, openPage }) => {
  const admin = await openPage();
  await signIn(admin, ADA);
  const limit = async (most: string, refuse: boolean) => {
    await admin.goto('/settings/board');
    await hydrated(admin);
    await admin.getByLabel('Most tickets in In progress').fill(most);
    await admin.getByRole('checkbox', { name: /In progress/ }).setChecked(refuse);
    await admin.getByRole('button', { name: 'Save' }).click();
    await expect(admin.getByText(/saved/i)).toBeVisible();
  };
  await limit('1', true);
  await signIn(page, MIA);
  const made = await newTicket(page, { subject: 'One too many' });
  await open(page);
  const [full, why] = [column(page, 'In progress'), /^In progress holds one ticket at most/];
  const said = page.locator('.board [aria-live="assertive"]');
  const note = full.locator('.card-refused');
  const card = page.locator(`#card-${made}`);

  // By mouse.
  const [from, to] = [await card.boundingBox(), await full.boundingBox()];
  if (!from || !to) throw new Error('the card and the column have a place');
  await page.mouse.move(from.x + 40, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(from.x + 80, from.y + 40, { steps: 4 });
  await page.mouse.move(to.x + 60, to.y + 5, { steps: 10 });
  await expect(note).toHaveText(why);
  await expect(said).toContainText('In progress holds one ticket at most');
  await expect(page.getByRole('heading', { name: /^In progress/ })).toHaveAttribute('data-refused', '');
  await expectAccessible(page);
  await page.mouse.move(from.x + 80, from.y + 40, { steps: 4 });
  await expect(note).toHaveCount(0);
  await expect(said).toContainText('Open, position 1');
  await page.keyboard.press('Escape');
  await page.mouse.up();

  // By keyboard.
  await card.getByRole('link').focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await expect(note).toHaveText(why);
  await expect(said).toContainText('In progress holds one ticket at most');
  await page.keyboard.press('Escape');
  await expect(note).toHaveCount(0);
  expect(await place(column(page, 'Open'), `card-${made}`)).toBe(0);

  await limit('', false);
});
