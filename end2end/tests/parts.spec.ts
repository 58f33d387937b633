import { expect, hydrated } from '../support/fixtures.ts';
import { MIA, signIn, test } from '../support/demo.ts';
import { conversation, live, newTicket } from '../support/tickets.ts';

const note = 'A part of this page could not be loaded.';

test('a page of several parts loads each of them once', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  const loaded: { part: string; ahead: boolean }[] = [];
  const ahead = new Map<string, boolean>();
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  // The page that signing in led to may have fetched parts ahead, or would still do so.
  await page.goto('about:blank');
  await network.send('Network.clearBrowserCache');
  network.on('Network.requestWillBeSent', ({ requestId, request }) => {
    // Answers come in any order; how urgent each is to the browser is what the page decides.
    ahead.set(requestId, request.initialPriority === 'VeryLow');
  });
  network.on('Network.responseReceived', ({ requestId, response }) => {
    const part = /pkg\/(\w+)\..*(?:bin|wasm)$/.exec(new URL(response.url).pathname)?.[1];
    // What was fetched ahead is asked for again when it is used: that does not go over the wire.
    const kept = response.fromDiskCache || response.fromPrefetchCache;
    if (part && !kept) loaded.push({ part, ahead: ahead.get(requestId) ?? false });
  });
  await live(page, `/tickets/${id}`);
  const parts = (later: boolean) =>
    loaded
      .filter((one) => one.ahead === later)
      .map((one) => one.part)
      .sort();
  // What comes next is fetched ahead, when nothing else is to be done.
  const later = ['staff_board', 'staff_more', 'staff_new', 'staff_ticket_work'];
  await expect.poll(() => parts(true)).toEqual(later);
  expect(parts(false)).toEqual(['docket', 'staff', 'staff_ticket']);
});

test('a page whose part cannot be loaded stays alive and can try again', async ({ page, allowErrors }) => {
  allowErrors(/Failed to load resource/);
  await signIn(page, MIA);
  const id = await newTicket(page);
  let cut = true;
  let tried = 0;
  await page.route(/\/pkg\/staff_ticket\..*\.bin$/, async (route) => {
    tried += 1;
    await (cut ? route.abort() : route.continue());
  });
  await live(page, '/tickets');
  await page.locator(`a[href="/tickets/${id}"]`).first().click();
  const alert = page.getByRole('alert').filter({ hasText: note });
  await expect(alert).toBeVisible();

  // What is there goes on working: another page, whose part has come.
  await page.getByRole('link', { name: 'Board' }).first().click();
  await expect(page).toHaveURL(/\/board/);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.goBack();

  const before = tried;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => tried).toBeGreaterThan(before);
  await expect(alert).toBeVisible();
  cut = false;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(alert).toBeHidden();
  await page.goto('/tickets');
  await page.locator(`a[href="/tickets/${id}"]`).first().click();
  await expect(conversation(page)).toBeVisible();
});

test('a page whose first module cannot be loaded says so and is read anew', async ({ page, allowErrors }) => {
  allowErrors(/Failed to load resource|Failed to fetch/);
  let cut = true;
  await page.route(/\/pkg\/docket\..*\.wasm$/, (route) => (cut ? route.abort() : route.continue()));
  await page.goto('/sign-in');
  const alert = page.getByRole('alert').filter({ hasText: note });
  await expect(alert).toBeVisible();
  cut = false;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await hydrated(page);
  await expect(alert).toBeHidden();
});

test('a page that has broken down says so and is read anew', async ({ page, allowErrors }) => {
  allowErrors(/unreachable/);
  await signIn(page, MIA);
  await live(page, '/tickets');
  await page.evaluate(() => {
    const error = new WebAssembly.RuntimeError('unreachable');
    window.dispatchEvent(new ErrorEvent('error', { error, message: error.message }));
  });
  const alert = page.getByRole('alert').filter({ hasText: 'this page has stopped working' });
  await expect(alert).toBeVisible();
  await alert.getByRole('button', { name: 'Reload' }).click();
  await expect(alert).toBeHidden();
  await hydrated(page);
});
