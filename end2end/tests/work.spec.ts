import type { Page } from '@playwright/test';
import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, hydrated } from '../support/fixtures.ts';
import { conversation, draftSaved, live, newTicket, noteField, property, replyField } from '../support/tickets.ts';

/** The file of the part with the composer and the lists of the properties. */
const PART = /\/pkg\/staff_ticket_work\..*\.bin$/;

/** Keeps the part from coming until it is let go. Returns what lets it go. */
async function holdBack(page: Page): Promise<() => void> {
  let go = () => {};
  const gone = new Promise<void>((resolve) => (go = resolve));
  await page.route(PART, async (route) => {
    await gone;
    await route.continue();
  });
  return () => go();
}

/** Whether the part has come: only then does the form send itself. */
const works = (page: Page) => page.locator('.composer button[type=submit]');

async function openWithout(page: Page): Promise<{ id: number; letGo: () => void }> {
  await signIn(page, MIA);
  const id = await newTicket(page);
  const letGo = await holdBack(page);
  await page.goto(`/tickets/${id}`);
  await hydrated(page);
  await expect(works(page)).toHaveCount(0);
  return { id, letGo };
}

/** A ticket whose part does not come until that is mended. Returns what mends it. */
async function openCut(page: Page): Promise<() => void> {
  await signIn(page, MIA);
  const id = await newTicket(page);
  let cut = true;
  await page.route(PART, (route) => (cut ? route.abort() : route.continue()));
  await page.goto(`/tickets/${id}`);
  await hydrated(page);
  return () => {
    cut = false;
  };
}

test('what is typed before the composer works stays, with the cursor and what can be undone', async ({ page }) => {
  const { id, letGo } = await openWithout(page);
  await replyField(page).click();
  await page.keyboard.type('Which floor?');
  for (let n = 0; n < 'floor?'.length; n += 1) await page.keyboard.press('ArrowLeft');
  // The text is a draft already.
  await expect
    .poll(async () => {
      const view = await page.request.post('/rpc/tickets/view', { data: { id, part: 'latest' } });
      return view.text();
    })
    .toContain('Which floor?');
  letGo();
  await expect(works(page)).toBeVisible();
  await expect(replyField(page)).toBeFocused();
  await expect(replyField(page)).toHaveValue('Which floor?');
  await page.keyboard.type('sunny ');
  await expect(replyField(page)).toHaveValue('Which sunny floor?');
  await draftSaved(page);
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  await expect(replyField(page)).not.toHaveValue(/sunny/);
  await replyField(page).fill('Which floor is it on?');
  await page.keyboard.press('Control+Enter');
  await expect(conversation(page).getByText('Which floor is it on?')).toBeVisible();
  await expect(replyField(page)).toHaveValue('');
});

test('what is typed before the page is taken over stays', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  let go = () => {};
  const gone = new Promise<void>((resolve) => (go = resolve));
  await page.route(/\/pkg\/docket\..*\.wasm$/, async (route) => {
    await gone;
    await route.continue();
  });
  await page.goto(`/tickets/${id}`, { waitUntil: 'commit' });
  await replyField(page).click();
  await page.keyboard.type('Early bird');
  // There is nothing yet that could send it.
  await page.getByRole('button', { name: /^Send Ctrl/ }).click();
  go();
  await expect(works(page)).toBeVisible();
  await expect(replyField(page)).toHaveValue('Early bird');
  await draftSaved(page);
});

test('trying again opens the list that was asked for', async ({ page, allowErrors }) => {
  allowErrors(/Failed to load resource/);
  const mend = await openCut(page);
  const again = page.locator('#not-loaded').getByRole('button', { name: 'Try again' });
  await property(page, 'Status').click();
  await expect(again).toBeVisible();
  await again.click();
  await expect(again).toBeVisible();
  // The list is still waited for: what is typed is for it, and Escape calls it off.
  await expect(property(page, 'Status')).toHaveAttribute('aria-expanded', 'true');
  await expect(property(page, 'Status')).toBeFocused();
  await page.keyboard.press('i');
  mend();
  await again.click();
  await expect(page.getByRole('menuitem', { name: 'In progress' })).toBeFocused();
  await expect(again).toBeHidden();
});

test('trying again by keyboard leaves the focus where it was', async ({ page, allowErrors }) => {
  allowErrors(/Failed to load resource/);
  const mend = await openCut(page);
  await page.keyboard.press('r');
  await expect(replyField(page)).toBeFocused();
  const again = page.locator('#not-loaded').getByRole('button', { name: 'Try again' });
  await expect(again).toBeVisible();
  // Keys are kept for what is awaited, but not those of the button.
  await page.keyboard.press('s');
  await again.focus();
  mend();
  await page.keyboard.press('Enter');
  await expect(again).toBeHidden();
  await expect(works(page)).toBeVisible();
  await expect(page.locator('body:focus')).toHaveCount(0);
  expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY');
});

test('keys that are pressed before their part is there do what they mean once it is', async ({ page }) => {
  const { keyboard } = page;
  const { id, letGo } = await openWithout(page);
  await keyboard.press('r');
  await expect(replyField(page)).toBeFocused();
  await keyboard.type('a reply');
  await expect(replyField(page)).toHaveValue('a reply');
  letGo();
  await expect(works(page)).toBeVisible();
  await expect(replyField(page)).toHaveValue('a reply');
  await draftSaved(page);

  const again = async (): Promise<() => void> => {
    await page.unroute(PART);
    const letGo = await holdBack(page);
    await page.goto(`/tickets/${id}`);
    await hydrated(page);
    await expect(works(page)).toHaveCount(0);
    return letGo;
  };
  let next = await again();
  await keyboard.press('n');
  await keyboard.type('see a note');
  next();
  await expect(noteField(page)).toHaveValue('see a note');
  await expect(noteField(page)).toBeFocused();
  await draftSaved(page);

  next = await again();
  await keyboard.press('a');
  await keyboard.type('mia b');
  await keyboard.press('Enter');
  next();
  await expect(property(page, 'Assignee')).toContainText('Mia Berger');
  await expect(property(page, 'Assignee')).toBeFocused();

  next = await again();
  await keyboard.press('s');
  await keyboard.type('i');
  await keyboard.press('Enter');
  next();
  await expect(property(page, 'Status')).toContainText('In progress');

  // Escape calls it off.
  next = await again();
  await keyboard.press('s');
  await expect(property(page, 'Status')).toBeFocused();
  await keyboard.press('Escape');
  next();
  await expect(works(page)).toBeVisible();
  await expect(page.getByRole('menu')).toHaveCount(0);
  await keyboard.press('s');
  await expect(page.getByRole('menu')).toBeVisible();
});

test('the part comes to a browser that is never at rest', async ({ page }) => {
  await page.addInitScript(() => {
    window.requestIdleCallback = () => 0;
  });
  await signIn(page, MIA);
  await live(page, `/tickets/${await newTicket(page)}`);
  await expect(works(page)).toBeVisible();
});

test('clicks before the part is there count, and the properties follow what others do', async ({ page, openPage }) => {
  const { id, letGo } = await openWithout(page);
  await expect(page.locator('html[data-live]')).toBeAttached();
  const other = await openPage();
  await signIn(other, ADA);
  await live(other, `/tickets/${id}`);
  await other.keyboard.press('u');
  await other.keyboard.press('c');
  await other.keyboard.press('Enter');
  await expect(property(page, 'Urgency')).toContainText('Critical');
  await expect(works(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'Take it' }).click();
  await expect(property(page, 'Assignee')).toContainText('Mia Berger');

  await replyField(page).fill('From a slow train');
  await page.getByLabel('Files to attach').setInputFiles([{ name: 'seat.txt', mimeType: 'text/plain', buffer: Buffer.from('61') }]);
  await page.getByRole('tab', { name: 'Note' }).click();
  await property(page, 'Status').click();
  letGo();
  await expect(page.getByRole('menu', { name: 'Status' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('tab', { name: 'Note' })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('button', { name: 'Remove seat.txt' })).toBeVisible();
  await page.getByRole('tab', { name: 'Reply' }).click();
  await expect(replyField(page)).toHaveValue('From a slow train');
});

test('keys for the next page are kept when a part of this one comes meanwhile', async ({ page }) => {
  const { keyboard } = page;
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  await page.route(/\/pkg\/staff_new\..*\.bin$/, async (route) => {
    await opened;
    await route.continue();
  });
  const { letGo } = await openWithout(page);
  await keyboard.press('g');
  await keyboard.press('n');
  await keyboard.type('otto');
  const come = page.waitForResponse(PART);
  letGo();
  await (await come).finished();
  await expect(works(page)).toBeVisible();
  await keyboard.type('@acme.example');
  open();
  await expect(page.getByRole('combobox', { name: 'Customer' })).toHaveValue('otto@acme.example');
});

test('a reply that is sent before its part is there goes once it is', async ({ page }) => {
  const { letGo } = await openWithout(page);
  await replyField(page).fill('Sent in a hurry');
  await page.keyboard.press('Control+Enter');
  letGo();
  await expect(conversation(page).getByText('Sent in a hurry')).toBeVisible();
  await expect(replyField(page)).toHaveValue('');
});

test('without its part the ticket is read and left, and nothing that was typed is lost', async ({ page, allowErrors }) => {
  allowErrors(/Failed to load resource/);
  await signIn(page, MIA);
  const id = await newTicket(page);
  const next = await newTicket(page, { subject: 'The next ticket' });
  let cut = true;
  await page.route(PART, (route) => (cut ? route.abort() : route.continue()));
  await live(page, `/tickets/${id}`);
  const alert = page.getByRole('alert').filter({ hasText: 'A part of this page could not be loaded.' });
  await expect(alert).toBeVisible();
  await replyField(page).fill('Typed without it');
  await page.locator(`a[href="/tickets/${next}"]`).first().click();
  await expect(page.getByRole('heading', { name: 'The next ticket' })).toBeVisible();
  await expect(conversation(page)).toBeVisible();
  await expect(replyField(page)).toHaveCount(0);
  cut = false;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(alert).toBeHidden();
  await expect(replyField(page)).toHaveValue('');
  await page.locator(`a[href="/tickets/${id}"]`).first().click();
  await expect(replyField(page)).toHaveValue('Typed without it');
  await property(page, 'Status').click();
  await expect(page.getByRole('menu', { name: 'Status' })).toBeVisible();
});
