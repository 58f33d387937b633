import type { Page } from '@playwright/test';
import { JANA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { connected, conversation, draftSaved, live, newTicket, noteField, property, replyField } from '../support/tickets.ts';

/** Fails unless something has the focus, can be seen, and shows that it has it. */
async function expectFocusSeen(page: Page): Promise<void> {
  const lost = await page.evaluate(() => {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || focused === document.body) return 'nothing has the focus';
    if (!focused.matches(':focus-visible')) return `the focus on ${focused.outerHTML} does not show`;
    const { width, height, bottom, right, top, left } = focused.getBoundingClientRect();
    if (width === 0 || height === 0) return `${focused.outerHTML} has no size`;
    if (bottom <= 0 || right <= 0 || top >= innerHeight || left >= innerWidth) return `${focused.outerHTML} is out of sight`;
    const ring = (element: Element) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
    };
    // A field may show it by the box around it.
    const box = focused.closest('form, .ticket-row, .menu, dialog');
    return ring(focused) || (box && ring(box)) ? undefined : `${focused.outerHTML} has no ring`;
  });
  expect(lost).toBeUndefined();
}

/** Does something before the page comes to draw its next frame, as fast hands do. */
async function withinOneFrame(page: Page, act: () => Promise<void>): Promise<void> {
  await page.evaluate(() => {
    const held: FrameRequestCallback[] = [];
    const real = window.requestAnimationFrame;
    window.requestAnimationFrame = (callback) => held.push(callback);
    Object.assign(window, {
      drawAgain: () => {
        window.requestAnimationFrame = real;
        for (const callback of held) real.call(window, callback);
      },
    });
  });
  await act();
  await page.evaluate('drawAgain()');
}

const focusedRow = (page: Page) => page.getByRole('region', { name: 'Tickets' }).getByRole('listitem').locator('a:focus');

test('a day of work by keyboard alone', async ({ page }) => {
  await signIn(page, MIA);
  const first = await newTicket(page, { subject: 'The oldest of three' });
  const second = await newTicket(page, { subject: 'The middle of three' });
  const third = await newTicket(page, { subject: 'The newest of three' });
  await live(page, '/tickets?sort=created');
  const { keyboard } = page;

  await keyboard.press('j');
  await expect(focusedRow(page)).toHaveText('The newest of three');
  await expectFocusSeen(page);
  await keyboard.press('j');
  await keyboard.press('j');
  await expect(focusedRow(page)).toHaveText('The oldest of three');
  await keyboard.press('k');
  await expect(focusedRow(page)).toHaveText('The middle of three');
  await keyboard.press('Enter');
  await expect(page).toHaveURL(`/tickets/${second}?sort=created`);
  await expect(conversation(page)).toBeFocused();
  await expectFocusSeen(page);

  await keyboard.press('j');
  await keyboard.press('Enter');
  await expect(page).toHaveURL(`/tickets/${first}?sort=created`);
  await keyboard.press('k');
  await keyboard.press('k');
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'The newest of three' })).toBeVisible();
  await expect(conversation(page)).toBeFocused();

  await keyboard.press('r');
  await expect(replyField(page)).toBeFocused();
  await keyboard.type('Please hold the feed button.');
  await keyboard.press('Control+Enter');
  await expect(conversation(page).getByText('Please hold the feed button.')).toBeVisible();
  await expect(replyField(page)).toBeFocused();
  await keyboard.press('Escape');
  await expect(conversation(page)).toBeFocused();
  await expectFocusSeen(page);

  // Each opens its list at once: what is typed next is for the list.
  await keyboard.press('a');
  await keyboard.type('Mia Ber');
  await keyboard.press('Enter');
  await expect(property(page, 'Assignee')).toContainText('Mia Berger');
  await expect(property(page, 'Assignee')).toBeFocused();
  await expectFocusSeen(page);
  await keyboard.press('u');
  await keyboard.press('c');
  await keyboard.press('Enter');
  await expect(property(page, 'Urgency')).toContainText('Critical');
  await keyboard.press('i');
  await keyboard.press('h');
  await keyboard.press('Enter');
  await expect(property(page, 'Importance')).toContainText('High');
  await keyboard.press('#');
  await keyboard.type('gate');
  await keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove tag gate' })).toBeVisible();
  await keyboard.press('s');
  await keyboard.press('i');
  await keyboard.press('Enter');
  await expect(property(page, 'Status')).toContainText('In progress');
  await expectFocusSeen(page);

  for (const [key, list] of [['s', 'menu'], ['u', 'menu'], ['i', 'menu'], ['a', 'listbox'], ['#', 'listbox']] as const) {
    await keyboard.press(key);
    await expect(page.getByRole(list)).toBeVisible();
    await keyboard.press('Escape');
    await expect(page.getByRole(list)).toBeHidden();
    await expectFocusSeen(page);
  }
  await keyboard.press('e');
  await expect(property(page, 'Status')).toContainText('Resolved');
  await expectFocusSeen(page);
  expect(third).toBeGreaterThan(second);
});

test('places, palette and sheet by keyboard', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page, { subject: 'Scanner of hall nine' });
  await live(page, '/tickets');
  const { keyboard } = page;
  for (const [letter, address] of [
    ['m', '/tickets?assignee=me'],
    ['u', '/tickets?assignee=none'],
    ['i', '/tickets'],
    ['b', '/board'],
    ['p', '/me'],
  ]) {
    await keyboard.press('g');
    await keyboard.press(letter ?? '');
    await expect(page).toHaveURL(address ?? '');
    await expect(page.locator('#main:focus, #main :focus')).toBeAttached();
  }
  await expect(page.getByRole('heading', { name: 'Theme' })).toBeVisible();

  await keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
  await expectFocusSeen(page);
  await keyboard.press('Escape');
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeHidden();

  await keyboard.press('Control+k');
  await keyboard.type('boa');
  await expect(page.getByRole('dialog').getByRole('option', { selected: true })).toContainText('Board');
  await expectFocusSeen(page);
  await keyboard.press('Escape');
  await expect(page.getByRole('dialog', { name: 'Commands' })).toBeHidden();
  await keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Search or run' })).toHaveValue('');
  await keyboard.type(`#${id}`);
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Scanner of hall nine' })).toBeVisible();
  await expect(conversation(page)).toBeFocused();

  // On the board, too, Enter opens what has the focus.
  await keyboard.press('g');
  await keyboard.press('b');
  await page.locator(`#card-${id}`).getByRole('link').focus();
  await keyboard.press('Enter');
  await expect(page).toHaveURL(`/tickets/${id}`);
  await expect(conversation(page)).toBeFocused();

  // What is typed before the page has come is for that page, not for the ticket: no "e" may resolve it.
  await keyboard.press('/');
  await keyboard.type('scanner nine');
  await keyboard.press('Enter');
  await expect(page).toHaveURL(/\/search\?q=scanner(\+|%20)nine/);
  await expect(page.getByRole('link', { name: 'Scanner of hall nine' })).toBeVisible();
  await page.getByRole('link', { name: 'Scanner of hall nine' }).focus();
  await keyboard.press('Enter');
  await expect(property(page, 'Status')).toContainText('Open');

  await keyboard.press('g');
  await keyboard.press('n');
  await keyboard.type('otto@acme.example');
  await expect(page.getByRole('combobox', { name: 'Customer' })).toHaveValue('otto@acme.example');
  await expectFocusSeen(page);
  await keyboard.press('Tab');
  await keyboard.type('Otto Braun');
  await keyboard.press('Tab');
  await keyboard.type('Gate three does not open');
  await keyboard.press('Tab');
  await keyboard.type('Since six.');
  await page.getByRole('button', { name: 'Open ticket' }).focus();
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Gate three does not open' })).toBeVisible();
});

test('what is typed right after a key is all there', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  const { keyboard } = page;
  await withinOneFrame(page, async () => {
    await keyboard.press('n');
    await keyboard.type('note: escalate, nearly sure');
  });
  await expect(noteField(page)).toHaveValue('note: escalate, nearly sure');
  await draftSaved(page);
  await keyboard.press('Escape');
  await withinOneFrame(page, async () => {
    await keyboard.press('r');
    await keyboard.type('reply');
    await keyboard.press('Escape');
    // Lists are made when they open; the choices of the second one are even fetched then.
    await keyboard.press('u');
    await keyboard.press('c');
    await keyboard.press('Enter');
    await keyboard.press('a');
    await keyboard.type('mia');
    await keyboard.press('Enter');
  });
  await expect(replyField(page)).toHaveValue('reply');
  await expect(property(page, 'Urgency')).toContainText('Critical');
  await expect(property(page, 'Assignee')).toContainText('Mia Berger');
  await withinOneFrame(page, async () => {
    await keyboard.press('#');
    await keyboard.type('gate-seven');
    await keyboard.press('Enter');
  });
  await expect(page.getByRole('button', { name: 'Remove tag gate-seven' })).toBeVisible();
  await keyboard.press('n');
  await keyboard.type('!');
  await expect(noteField(page)).toHaveValue(/!/);

  // Also where the preview stands in place of the field.
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('region', { name: 'Preview' })).toBeVisible();
  await page.getByRole('region', { name: 'Preview' }).focus();
  await withinOneFrame(page, async () => {
    await keyboard.press('r');
    await keyboard.type(' more');
  });
  await expect(replyField(page)).toHaveValue(/more/);
  await expect(property(page, 'Status')).toContainText('Open');
});

test('what is typed while the ticket is still on its way is all there', async ({ page }) => {
  await signIn(page, MIA);
  const below = await newTicket(page, { subject: 'The one below' });
  const above = await newTicket(page, { subject: 'The one above' });
  await live(page, `/tickets/${above}?sort=created`);
  const row = page.getByRole('region', { name: 'Tickets' }).getByRole('link', { name: 'The one below' });
  await expect(row).toBeVisible();
  // The next ticket takes its time.
  let answer = () => {};
  const asked = new Promise<void>((resolve) => {
    void page.route('**/rpc/tickets/view', async (route) => {
      resolve();
      await new Promise<void>((go) => (answer = go));
      await route.continue();
    });
  });
  const { keyboard } = page;
  await keyboard.press('j');
  await expect(row).toBeFocused();
  await keyboard.press('Enter');
  await asked;
  await keyboard.press('n');
  await keyboard.type('escalate this, please');
  answer();
  await expect(page.getByRole('heading', { name: 'The one below' })).toBeVisible();
  await expect(noteField(page)).toHaveValue('escalate this, please');
  await keyboard.type('!');
  await expect(noteField(page)).toHaveValue('escalate this, please!');
  await draftSaved(page);
  // Nothing of it has come to the ticket before.
  await page.unroute('**/rpc/tickets/view');
  await live(page, `/tickets/${above}`);
  await expect(property(page, 'Status')).toContainText('Open');
  await expect(replyField(page)).toHaveValue('');
  await live(page, `/tickets/${below}`);
  await expect(noteField(page)).toHaveValue('escalate this, please!');
  await connected(page);
});

test('the help of a control comes when it is pointed at, and goes with Escape', async ({ page }) => {
  await signIn(page, MIA);
  await live(page, `/tickets/${await newTicket(page)}`);
  const bold = page.getByRole('button', { name: 'Bold' });
  const help = () =>
    bold.evaluate((button) => {
      const { content, visibility } = getComputedStyle(button, '::after');
      return visibility === 'visible' ? content : 'none';
    });
  await bold.hover();
  await expect.poll(help).toBe('"Bold"');
  await page.keyboard.press('Escape');
  expect(await help()).toBe('none');
});

test('the first stop of Tab leads past the navigation', async ({ page, openPage }) => {
  await signIn(page, MIA);
  const customer = await openPage();
  await signIn(customer, JANA);
  for (const [who, address] of [
    [page, '/tickets'],
    [page, '/board'],
    [customer, '/portal'],
  ] as const) {
    await who.goto(address);
    await hydrated(who);
    await who.keyboard.press('Tab');
    await expect(who.getByRole('link', { name: 'Skip to content' })).toBeFocused();
    await who.keyboard.press('Enter');
    await expect(who.getByRole('main')).toBeFocused();
    await who.keyboard.press('Tab');
    await expect(who.getByRole('main').locator(':focus')).toHaveCount(1);
  }
});

test('the palette acts on the ticket that is open', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  const { keyboard } = page;
  const option = (name: string) => page.getByRole('option', { name });
  const find = async (words: string, title: string | RegExp) => {
    await keyboard.press('Control+k');
    await keyboard.type(words);
    await expect(page.getByRole('dialog').getByRole('option', { selected: true })).toContainText(title);
  };
  const run = async (words: string, title: string | RegExp) => {
    await find(words, title);
    await keyboard.press('Enter');
    await expect(page.getByRole('dialog', { name: 'Commands' })).toBeHidden();
  };
  await conversation(page).focus();
  await keyboard.press('Control+k');
  await expect(option(`Assign… #${id} A`)).toBeVisible();
  await expect(option('Keyboard shortcuts')).toBeAttached();
  await expectAccessible(page);
  await keyboard.press('Escape');

  await run('atm', 'Assign to me');
  await expect(property(page, 'Assignee')).toContainText('Mia Berger');
  await run('status', 'Status…');
  await page.getByRole('menuitem', { name: 'In progress' }).click();
  await expect(property(page, 'Status')).toContainText('In progress');
  await run('label', 'Add a tag…');
  await keyboard.type('by-palette');
  await keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove tag by-palette' })).toBeVisible();
  await keyboard.press('Escape');

  // What makes no sense any more is not offered.
  await find('take', 'Search tickets for');
  await keyboard.press('Escape');
  const watch = page.getByRole('button', { name: 'Watch', exact: true });
  const watching = await watch.getAttribute('aria-pressed');
  await run('watch', watching === 'true' ? 'Stop watching' : 'Watch');
  await expect(watch).toHaveAttribute('aria-pressed', watching === 'true' ? 'false' : 'true');
  await run('copy', 'Copy link');
  await expect(page.getByText(`The link to #${id} is copied.`)).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());

  await run('note', 'Internal note');
  await expect(noteField(page)).toBeFocused();
  await keyboard.type('From the palette.');
  await expect(noteField(page)).toHaveValue('From the palette.');

  // Elsewhere there is no ticket to act on.
  await page.goto('/board');
  await hydrated(page);
  await keyboard.press('Control+k');
  await expect(option('Keyboard shortcuts')).toBeVisible();
  await expect(page.getByRole('option', { name: /^Assign/ })).toHaveCount(1);
  await keyboard.press('Escape');

  // By another word for it, and people.
  await run('sign out', 'Profile and devices');
  await expect(page).toHaveURL('/me');
  await find('quokka', 'Search tickets for');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await expect(page).toHaveURL('/customers?q=quokka');
});
