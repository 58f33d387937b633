import type { Page } from '@playwright/test';
import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { conversation, draftSaved, live, newTicket, noteField, property, replyField } from '../support/tickets.ts';

const open = (page: Page, id: number): Promise<void> => live(page, `/tickets/${id}`);

test('two agents see each other work', async ({ page, openPage }) => {
  const other = await openPage();
  await signIn(page, MIA);
  await signIn(other, ADA);
  const id = await newTicket(page);
  await open(page, id);
  await open(other, id);
  await expect(page.getByText('Ada is looking')).toBeVisible();

  await page.getByRole('textbox', { name: /^Reply to/ }).pressSequentially('Please **restart** it.');
  await expect(other.getByText('Mia is typing…')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(conversation(other).getByText('Please restart it.')).toBeVisible();
  await expect(conversation(page).getByText('Please restart it.')).toHaveCount(1);
  await expect(page.getByRole('textbox', { name: /^Reply to/ })).toHaveValue('');

  await conversation(other).focus();
  await other.keyboard.press('n');
  await expect(other.locator('textarea:focus')).toBeVisible();
  await other.keyboard.type('They are on site until six.');
  await other.getByRole('button', { name: 'Add note' }).click();
  const note = page.getByRole('listitem').filter({ hasText: 'They are on site until six.' }).last();
  await expect(note).toContainText('Internal');

  await conversation(page).focus();
  await page.keyboard.press('s');
  await expect(page.getByRole('menuitem').first()).toBeFocused();
  const status = (await page.getByRole('menuitem').first().textContent())?.trim() ?? '';
  await page.keyboard.press('Enter');
  await expect(page.getByText(/^Status set to/)).toBeVisible();
  await expect(other.getByRole('complementary').getByRole('button', { name: 'Status' })).toContainText(status.replace(/E$/, ''));
});

test('a reply is held back when somebody else has answered', async ({ page, openPage, allowErrors }) => {
  const other = await openPage();
  await signIn(page, MIA);
  await signIn(other, ADA);
  const id = await newTicket(page);
  await open(page, id);
  await open(other, id);
  allowErrors(/status of 409/);
  const mine = page.getByRole('textbox', { name: /^Reply to/ });
  await mine.fill('I will send it tomorrow.');
  await other.getByRole('textbox', { name: /^Reply to/ }).fill('It is in your mail now.');
  await other.keyboard.press('Control+Enter');
  await expect(conversation(page).getByText('It is in your mail now.')).toBeVisible();

  await mine.press('Control+Enter');
  const hold = page.getByRole('alert').filter({ hasText: 'Ada wrote while you were writing' });
  await expect(hold).toContainText('It is in your mail now.');
  await expect(mine).toHaveValue('I will send it tomorrow.');
  await hold.getByRole('button', { name: 'Send all the same' }).click();
  await expect(conversation(other).getByText('I will send it tomorrow.')).toBeVisible();
  await expect(hold).toBeHidden();
});

test('a draft survives a reload', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  await open(page, id);
  await page.getByRole('textbox', { name: /^Reply to/ }).pressSequentially('Which floor');
  await expect(page.getByText('draft saved')).toBeVisible();
  await page.reload();
  await hydrated(page);
  await expect(page.getByRole('textbox', { name: /^Reply to/ })).toHaveValue('Which floor');
});

test('files are taken or refused, and can be looked at', async ({ page, allowErrors }) => {
  allowErrors(/status of 415/);
  await signIn(page, MIA);
  const id = await newTicket(page);
  await open(page, id);
  await page.getByLabel('Files to attach').setInputFiles([
    { name: 'gate3.log', mimeType: 'text/plain', buffer: Buffer.from('08:12 paper jam\n') },
    { name: 'tool.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ\0\0') },
  ]);
  await expect(page.getByText('“tool.exe” was not taken')).toBeVisible();
  await page.getByRole('button', { name: 'Remove tool.exe' }).click();
  await page.getByRole('textbox', { name: /^Reply to/ }).fill('Here is the log.');
  await page.getByRole('button', { name: 'Send Ctrl ↵' }).click();
  await conversation(page).getByRole('link', { name: /gate3\.log/ }).click();
  const dialog = page.getByRole('dialog', { name: 'gate3.log' });
  await expect(dialog.frameLocator('iframe').getByText('08:12 paper jam')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('properties change by keyboard and can be taken back', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  await open(page, id);
  await conversation(page).focus();
  const urgency = page.getByRole('complementary').getByRole('button', { name: 'Urgency' });
  const before = await urgency.textContent();
  const [letter, word] = before?.includes('Critical') ? ['l', 'Low'] : ['c', 'Critical'];
  await page.keyboard.press('u');
  await expect(page.getByRole('menuitemradio', { checked: true })).toBeFocused();
  await page.keyboard.press(letter);
  await page.keyboard.press('Enter');
  await expect(urgency).toContainText(word);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(urgency).toHaveText(before ?? '');

  await conversation(page).focus();
  await page.keyboard.press('#');
  await page.getByRole('combobox').fill('gate');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove tag gate' })).toBeVisible();

  await page.getByRole('button', { name: 'Take it' }).click();
  await expect(page.getByRole('complementary').getByRole('button', { name: 'Assignee' })).toContainText('Mia Berger');
  await expectAccessible(page);
});

test('a ticket that is not there says so', async ({ page, allowErrors }) => {
  allowErrors(/status of 404/);
  await signIn(page, MIA);
  const response = await page.goto('/tickets/999999');
  expect(response?.status()).toBe(404);
  await expect(page.getByRole('heading', { name: 'This ticket is not here' })).toBeVisible();
});

test('a ticket on a phone', async ({ openPage }) => {
  const page = await openPage({ viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: 'dark' });
  await signIn(page, MIA);
  const id = await newTicket(page);
  await open(page, id);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Properties', exact: true }).click();
  await expect(page.getByRole('complementary').getByRole('button', { name: 'Status' })).toBeVisible();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  // At rest the composer is one line; its button for notes must be there until the finger is lifted.
  await page.getByRole('button', { name: 'Write an internal note' }).click();
  await expect(noteField(page)).toBeFocused();
  await page.keyboard.type('For us alone');
  await expect(noteField(page)).toHaveValue('For us alone');
  await noteField(page).fill('');
  await page.getByRole('tab', { name: 'Reply' }).click();
  await page.getByRole('textbox', { name: /^Reply to/ }).fill('Gern.');
  await page.getByRole('button', { name: 'Send', exact: false }).last().click();
  await expect(conversation(page).getByText('Gern.')).toBeVisible();
});

test('writing by key on a tablet closes the properties above the composer', async ({ openPage }) => {
  const page = await openPage({ viewport: { width: 768, height: 1024 } });
  await signIn(page, MIA);
  await live(page, `/tickets/${await newTicket(page)}`);
  await page.getByRole('button', { name: 'Properties', exact: true }).click();
  await expect(property(page, 'Status')).toBeVisible();
  await conversation(page).focus();
  await page.keyboard.press('r');
  await page.keyboard.type('Seen and read');
  await expect(property(page, 'Status')).toBeHidden();
  await expect(replyField(page)).toHaveValue('Seen and read');
});

test('whoever is signed out writes on, and goes on here after signing in elsewhere', async ({ context, page, allowErrors }) => {
  // The draft is not taken meanwhile.
  allowErrors(/status of 401/);
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  const other = await context.newPage();
  await live(other, '/me');
  await other.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await expect(other).toHaveURL(/\/sign-in/);
  const banner = page.getByText('You are signed out on this device.');
  await expect(banner).toBeVisible();
  await replyField(page).fill('Written in between');
  const [third] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('link', { name: 'Sign in', exact: true }).click(),
  ]);
  await third.getByLabel('E-mail').fill(MIA);
  await third.getByLabel('Password').fill('docket-demo');
  await third.getByRole('button', { name: 'Sign in' }).click();
  await expect(third).toHaveURL(/\/tickets/);
  await third.close();
  await page.bringToFront();
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await expect(banner).toBeHidden();
  await expect(replyField(page)).toHaveValue('Written in between');
  await draftSaved(page);
});

test('tickets open one after the other, and again after a page without one', async ({ page }) => {
  await signIn(page, MIA);
  const second = await newTicket(page, { subject: 'Second to be read' });
  const first = await newTicket(page, { subject: 'First to be read' });
  const list = page.getByRole('region', { name: 'Tickets' });
  await live(page, '/tickets?sort=created');
  await list.getByRole('link', { name: 'First to be read' }).click();
  await expect(page).toHaveURL(new RegExp(`/tickets/${first}`));
  await expect(page.getByRole('heading', { name: 'First to be read' })).toBeVisible();
  await list.getByRole('link', { name: 'Second to be read' }).click();
  await expect(page.getByRole('heading', { name: 'Second to be read' })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await expect(page.getByText('No ticket is open')).toBeVisible();
  await list.getByRole('link', { name: 'First to be read' }).click();
  await expect(page.getByRole('heading', { name: 'First to be read' })).toBeVisible();
  await page.goBack();
  await expect(page.getByText('No ticket is open')).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(new RegExp(`/tickets/${second}`));
  await expect(page.getByRole('heading', { name: 'Second to be read' })).toBeVisible();
});
