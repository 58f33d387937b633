import type { Locator, Page } from '@playwright/test';
import { MIA, signIn } from '../support/demo.ts';
import { expect, hydrated, testWith } from '../support/fixtures.ts';
import { conversation, live } from '../support/tickets.ts';

const ENTRIES = 10_000;
const CARDS = 1_000;

/** With one ticket of ten thousand messages, and so many tickets of today that every column of the board is full. */
const test = testWith({}, 1_400, '--days', '1', '--longest', String(ENTRIES));

// Recording a trace costs frames of its own.
test.use({ trace: 'off' });

type Frames = { frames: number; median: number; worst: number; perSecond: number };

/**
 * Scrolls a step each frame for so many frames, and says how long the frames took, in milliseconds. Nothing hangs on it:
 * what is measured depends on the machine.
 */
function scroll(scroller: Locator, step: number, frames: number): Promise<Frames> {
  return scroller.evaluate(
    (element, { step, frames }) =>
      new Promise<Frames>((resolve) => {
        const took: number[] = [];
        let before = performance.now();
        const frame = (now: number) => {
          took.push(now - before);
          before = now;
          element.scrollBy(0, step);
          if (took.length < frames) return requestAnimationFrame(frame);
          const sorted = took.slice(1).sort((a, b) => a - b);
          const total = sorted.reduce((sum, time) => sum + time, 0);
          resolve({
            frames: sorted.length,
            median: sorted[Math.floor(sorted.length / 2)] ?? 0,
            worst: sorted.at(-1) ?? 0,
            perSecond: (sorted.length / total) * 1000,
          });
        };
        requestAnimationFrame(frame);
      }),
    { step, frames },
  );
}

function report(what: string, { frames, median, worst, perSecond }: Frames): void {
  const [fps, middle, slowest] = [perSecond, median, worst].map((number) => number.toFixed(1));
  console.log(`${what}: ${fps} frames/s over ${frames} frames, median ${middle} ms, worst ${slowest} ms`);
}

const messages = (page: Page): Locator => conversation(page).locator('li.message');

/** The oldest and the newest entry that the page holds. */
async function held(page: Page): Promise<[number, number]> {
  const ids = await messages(page).evaluateAll((all) => all.map((message) => Number(message.id.slice(1))));
  return [Math.min(...ids), Math.max(...ids)];
}

/** From now on counts the entries that are taken out of the page and put back. Call what is returned for their number. */
async function countMoved(page: Page): Promise<() => Promise<number>> {
  const observed = await conversation(page).getByRole('list').first().evaluateHandle((list) => {
    let moved = 0;
    const seen = (changes: MutationRecord[]) => {
      const added = new Set(changes.flatMap((change) => [...change.addedNodes]));
      for (const change of changes) for (const node of change.removedNodes) if (added.has(node)) moved++;
    };
    const observer = new MutationObserver(seen);
    observer.observe(list, { childList: true });
    return () => {
      seen(observer.takeRecords());
      return moved;
    };
  });
  return () => observed.evaluate((count) => count());
}

/** How many nodes the browser keeps for the page, in it or not. */
async function nodes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  await session.detach();
  return nodes;
}

/** Scrolls until the page holds other entries at that end. */
async function scrollOn(page: Page, step: number): Promise<void> {
  const [first, last] = await held(page);
  await expect(async () => {
    await conversation(page).evaluate((element, step) => element.scrollBy(0, step), step);
    const [newFirst, newLast] = await held(page);
    expect(step < 0 ? newFirst < first : newLast > last).toBe(true);
  }).toPass({ intervals: [50] });
}

test('a ticket with ten thousand messages scrolls both ways, and holds few of them', async ({ page }) => {
  await signIn(page, MIA);
  await page.goto('/tickets?status=all&sort=oldest');
  const link = page.getByRole('region', { name: 'Tickets' }).getByRole('listitem').first().getByRole('link');
  const address = new URL((await link.getAttribute('href')) ?? '', page.url()).pathname;
  await live(page, address);
  await expect(messages(page).last()).toBeInViewport();
  expect(await messages(page).count()).toBeLessThan(100);
  const [, newest] = await held(page);

  report('10,000 entries, upwards', await scroll(conversation(page), -120, 180));
  const moved = await countMoved(page);
  for (let page_ = 0; page_ < 9; page_++) await scrollOn(page, -4_000);
  const full = await nodes(page);
  for (let page_ = 0; page_ < 9; page_++) await scrollOn(page, -4_000);
  // Nothing of the entries that are gone is kept.
  expect(await nodes(page)).toBeLessThan(full * 1.2);
  // What is left behind is let go.
  expect(await messages(page).count()).toBeLessThanOrEqual(240);
  expect((await held(page))[1]).toBeLessThan(newest);
  expect(await page.locator('*').count()).toBeLessThan(12_000);

  // While new pages come in above, what is being read stays where it is.
  report('10,000 entries, downwards', await scroll(conversation(page), 120, 180));
  for (let page_ = 0; page_ < 3; page_++) await scrollOn(page, 4_000);
  expect(await messages(page).count()).toBeLessThanOrEqual(240);
  // What stays is left alone: a mail in its frame is not loaded again, nor the place lost that somebody reads at.
  expect(await moved()).toBe(0);
  await page.getByRole('button', { name: /^Newest/ }).click();
  await expect.poll(async () => (await held(page))[1]).toBe(newest);
  await expect(messages(page).last()).toBeInViewport();

  // A link leads to one entry far away, also from outside.
  const middle = newest - ENTRIES / 2;
  await page.goto(`${address}?entry=${middle}`);
  await hydrated(page);
  await expect(page.locator(`#e${middle}`)).toBeInViewport();
  await expect(page.locator(`#e${middle}`)).toBeFocused();
  expect(await messages(page).count()).toBeLessThan(100);
  await scrollOn(page, -4_000);
  await scrollOn(page, 4_000);
});

test('a board of a thousand cards scrolls', async ({ page }) => {
  await signIn(page, MIA);
  await live(page, '/board');
  await expect(page.locator('.card')).toHaveCount(CARDS);
  const board = page.getByRole('region', { name: 'Board' });
  report('1,000 cards, downwards', await scroll(board, 120, 180));
  report('1,000 cards, upwards', await scroll(board, -120, 180));
  report('1,000 cards in lanes', await page.goto('/board?lanes=assignee').then(async () => {
    await hydrated(page);
    await expect(page.locator('.card')).toHaveCount(CARDS);
    return scroll(board, 120, 180);
  }));
});

test('a board comes with what is seen of it first, and the rest is never out of reach', async ({ page, openPage, allowErrors }) => {
  await signIn(page, MIA);
  const sent = await (await page.request.get('/board')).text();
  const count = sent.split('class="card"').length - 1;
  expect(count).toBeGreaterThan(20);
  expect(count).toBeLessThan(100);
  const rest = (page: Page) => page.getByRole('link', { name: /^\d+ more, Open$/ });

  // Without JavaScript the list has it, and what the board was narrowed down by stays.
  const still = await openPage({ javaScriptEnabled: false });
  await signIn(still, MIA);
  await still.goto('/board?lanes=assignee&importance=medium');
  // Of a lane that is not all there no number is said.
  await expect(still.getByText(/^\d+ cards?$/)).toHaveCount(0);
  await rest(still).click();
  await expect(still).toHaveURL('/tickets?importance=medium&status=open');
  await expect(still.getByRole('region', { name: 'Tickets' }).getByRole('listitem').first()).toBeVisible();

  // With it, it comes by itself; when it does not, the page says so, and goes on with what is there.
  allowErrors(/net::ERR_FAILED/);
  await page.route('**/rpc/board/read', (route) => route.abort());
  await page.goto('/board');
  await hydrated(page);
  const again = page.getByRole('button', { name: 'Try again' });
  await expect(again).toBeAttached();
  await expect(page.locator('.card')).toHaveCount(count);
  const first = page.getByRole('list', { name: 'Open', exact: true }).getByRole('listitem').first();
  const id = await first.getAttribute('id');
  await page.unroute('**/rpc/board/read');
  await again.click();
  await expect(page.locator('.card')).toHaveCount(CARDS);
  await expect(again).toHaveCount(0);
  await expect(first).toHaveId(id ?? '');
});
