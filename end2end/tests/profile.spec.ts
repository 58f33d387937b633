import type { Locator, Page } from '@playwright/test';
import { ADA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { conversation, draftSaved, live, newTicket, property, replyField } from '../support/tickets.ts';

/** Whom no other journey changes: what they set about themselves shows on their pages. */
const CLARA = 'clara.weiss@docket.example';

async function profile(page: Page): Promise<void> {
  await page.goto('/me');
  await hydrated(page);
}

test('a picture is made small, shown wherever colleagues see the person, and removed', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 415/);
  const other = await openPage();
  await signIn(other, ADA);
  await signIn(page, CLARA);
  await profile(page);
  await page.getByLabel('Choose a picture').setInputFiles('../public/icons/icon-512.png');
  await page.getByRole('button', { name: 'Save picture' }).click();
  await expect(page.getByText('Your picture is saved.')).toBeVisible();
  const face = page.locator('.rail__me .avatar img');
  await expect(face).toBeVisible();
  const width = (picture: Locator) => picture.evaluate((img: HTMLImageElement) => img.naturalWidth);
  await expect.poll(() => width(face)).toBe(256);
  await expectAccessible(page);

  // Who is looking at the same ticket, and whose cards are in a lane of the board.
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  await live(other, `/tickets/${id}`);
  const looking = other.getByRole('status').filter({ hasText: 'Clara is looking' });
  await expect.poll(() => width(looking.locator('.avatar img'))).toBe(256);
  await conversation(page).focus();
  await page.keyboard.press('a');
  await page.keyboard.type('clara');
  await page.keyboard.press('Enter');
  await expect(property(page, 'Assignee')).toContainText('Clara Weiß');
  for (const colleague of [page, other]) {
    await live(colleague, '/board?lanes=assignee');
    const lane = colleague.getByRole('region', { name: 'Clara Weiß' });
    const head = lane.locator('.lane__name .avatar img');
    await head.scrollIntoViewIfNeeded();
    await expect.poll(() => width(head)).toBe(256);
    // And so it is on the card.
    const card = lane.locator(`.card:has([href="/tickets/${id}"]) .avatar img`);
    await expect(card).toHaveAttribute('src', (await head.getAttribute('src')) ?? '');
  }
  await profile(page);

  await page.getByRole('button', { name: 'Remove picture' }).click();
  await expect(page.getByText('Your picture is removed.')).toBeVisible();
  await expect(face).toHaveCount(0);
  await live(other, '/board?lanes=assignee');
  const lane = other.getByRole('region', { name: 'Clara Weiß' });
  await expect(lane.locator('.avatar').first()).toHaveText('CW');
  await expect(lane.locator('.avatar img')).toHaveCount(0);

  // What is no picture is refused where it was chosen.
  await hydrated(page);
  const file = { name: 'me.png', mimeType: 'image/png', buffer: Buffer.from('<svg onload="alert(1)"/>') };
  await page.getByLabel('Choose a picture').setInputFiles(file);
  await page.getByRole('button', { name: 'Save picture' }).click();
  await expect(page.getByText('This is no picture of a kind that is taken')).toBeVisible();
  // The page with the refusal is alive.
  await hydrated(page);
});

test('a signature stands below replies, and is left out of one', async ({ page }) => {
  await signIn(page, CLARA);
  await profile(page);
  const field = page.getByRole('textbox', { name: 'Signature' });
  await field.fill('**Clara**, second line');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('region', { name: 'Preview of the signature' }).locator('strong')).toHaveText('Clara');
  await page.getByRole('button', { name: 'Save profile' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();

  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  await replyField(page).pressSequentially('Which floor is it on?');
  await draftSaved(page);
  const shown = page.getByRole('region', { name: 'Signature' });
  await expect(shown).toBeVisible();
  await page.getByRole('tab', { name: 'Note' }).click();
  await expect(shown).toHaveCount(0);
  await page.getByRole('tab', { name: 'Reply' }).click();

  // The draft does not have it: what comes back is what was typed.
  await live(page, `/tickets/${id}`);
  await expect(replyField(page)).toHaveValue('Which floor is it on?');
  await replyField(page).press('Control+Enter');
  await expect(conversation(page).locator('.signature')).toHaveText('Clara, second line');

  await replyField(page).pressSequentially('And which room?');
  await page.getByRole('button', { name: 'Leave out signature' }).click();
  await expect(shown).toBeHidden();
  await replyField(page).press('Control+Enter');
  await expect(conversation(page).getByText('And which room?')).toBeVisible();
  await expect(page.locator('[data-pending]')).toHaveCount(0);
  await expect(conversation(page).locator('.signature')).toHaveCount(1);
});

test('clocks are those of the chosen zone, in both halves', async ({ page, openPage }) => {
  await signIn(page, CLARA);
  const id = await newTicket(page);
  const far = await openPage({ timezoneId: 'Asia/Tokyo' });
  await signIn(far, CLARA);
  await profile(far);
  await far.getByLabel('Time zone').fill('America/St_Johns');
  await far.getByRole('button', { name: 'Save profile' }).click();
  await expect(far.getByText('Saved.')).toBeVisible();

  const plain = await openPage({ javaScriptEnabled: false, timezoneId: 'Asia/Tokyo' });
  await signIn(plain, CLARA);
  await plain.goto(`/tickets/${id}`);
  await live(far, `/tickets/${id}`);
  const clock = (of: Page) => conversation(of).locator('time[data-clock]').first();
  const shown = (await clock(plain).textContent()) ?? '';
  expect(shown).toMatch(/^\d\d:\d\d$/);
  await expect(clock(far)).toHaveText(shown);
  await expect(clock(far)).toHaveAttribute('title', /UTC−[23]:30$/);

  // The same moment as it is written in America.
  await profile(far);
  await far.getByLabel('Language').selectOption('English (United States)');
  await far.getByRole('button', { name: 'Save profile' }).click();
  await expect(far.getByText('Saved.')).toBeVisible();
  await plain.reload();
  await live(far, `/tickets/${id}`);
  const american = (await clock(plain).textContent()) ?? '';
  expect(american).toMatch(/^1?\d:\d\d\u00a0[AP]M$/);
  await expect(clock(far)).toHaveText(american);
  await expect(far.locator('html')).toHaveAttribute('lang', 'en-US');

  await profile(far);
  await far.getByLabel('Language').selectOption('English (United Kingdom)');
  await far.getByLabel('Time zone').fill('');
  await far.getByRole('button', { name: 'Save profile' }).click();
  await expect(far.getByText('Saved.')).toBeVisible();
});
