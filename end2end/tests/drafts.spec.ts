import type { Page } from '@playwright/test';
import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, hydrated } from '../support/fixtures.ts';
import { connected, conversation, draftSaved, live, newTicket, noteField, property, reply, replyField } from '../support/tickets.ts';

test('a draft begun in one browser goes on in another', async ({ page, openPage }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  await replyField(page).pressSequentially('Which floor');
  await draftSaved(page);
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.keyboard.type('Ask the caretaker.');
  await draftSaved(page);

  const second = await openPage();
  await signIn(second, MIA);
  await live(second, `/tickets/${id}`);
  await expect(replyField(second)).toHaveValue('Which floor');
  await second.getByRole('tab', { name: 'Note' }).click();
  await expect(noteField(second)).toHaveValue('Ask the caretaker.');
  await second.getByRole('tab', { name: 'Reply' }).click();
  await replyField(second).fill('Which floor is it on?');
  await second.keyboard.press('Control+Enter');
  await expect(conversation(second).getByText('Which floor is it on?')).toBeVisible();
  await expect(replyField(second)).toHaveValue('');

  // A draft is one's own, and gone once it is sent; the note is still there.
  const colleague = await openPage();
  await signIn(colleague, ADA);
  await live(colleague, `/tickets/${id}`);
  await expect(replyField(colleague)).toHaveValue('');
  await page.goto(`/tickets/${id}`);
  await hydrated(page);
  await expect(noteField(page)).toHaveValue('Ask the caretaker.');
  await page.getByRole('tab', { name: 'Reply' }).click();
  await expect(replyField(page)).toHaveValue('');
});

test('what is being written survives everything that colleagues do', async ({ page, openPage }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  const other = await openPage();
  await signIn(other, ADA);
  await live(page, `/tickets/${id}`);
  await live(other, `/tickets/${id}`);
  await replyField(page).pressSequentially('I am just');

  await conversation(other).focus();
  await other.keyboard.press('u');
  await other.keyboard.press('c');
  await other.keyboard.press('Enter');
  await expect(property(page, 'Urgency')).toContainText('Critical');
  await other.keyboard.press('#');
  await other.keyboard.type('draft-journey');
  await other.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove tag draft-journey' })).toBeVisible();
  await other.keyboard.press('n');
  await other.keyboard.type('I know the customer.');
  await other.keyboard.press('Control+Enter');
  await expect(conversation(page).getByText('I know the customer.')).toBeVisible();
  await other.keyboard.press('Escape');
  await other.keyboard.press('e');
  await expect(property(page, 'Status')).toContainText('Resolved');

  await expect(replyField(page)).toBeFocused();
  await expect(replyField(page)).toHaveValue('I am just');
  await page.keyboard.type(' writing this.');
  await expect(replyField(page)).toHaveValue('I am just writing this.');
  await draftSaved(page);
});

test('a reply is held back once, and kept whatever is chosen', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 409/);
  await signIn(page, MIA);
  const id = await newTicket(page);
  const other = await openPage();
  await signIn(other, ADA);
  await live(page, `/tickets/${id}`);
  await live(other, `/tickets/${id}`);
  await replyField(page).fill('I will send it tomorrow.');
  await replyField(other).fill('It is in your mail now.');
  await other.keyboard.press('Control+Enter');
  await expect(conversation(page).getByText('It is in your mail now.')).toBeVisible();

  await replyField(page).press('Control+Enter');
  const hold = page.getByRole('alert').filter({ hasText: 'Ada wrote while you were writing' });
  await expect(hold).toBeVisible();
  await expect(conversation(other).getByText('I will send it tomorrow.')).toHaveCount(0);
  await hold.getByRole('button', { name: 'Read first' }).click();
  await expect(hold).toBeHidden();
  await expect(replyField(page)).toHaveValue('I will send it tomorrow.');

  // It was held back once; the second time it goes.
  await replyField(page).press('Control+Enter');
  await expect(conversation(other).getByText('I will send it tomorrow.')).toBeVisible();
  await expect(hold).toBeHidden();
  await expect(replyField(page)).toHaveValue('');
  await connected(page);
});

test('one\'s own message is shown once, however late its answer comes', async ({ page, openPage }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  const other = await openPage();
  await signIn(other, ADA);
  await live(page, `/tickets/${id}`);
  await live(other, `/tickets/${id}`);
  let answer = () => {};
  const held = new Promise<void>((go) => (answer = go));
  await page.route('**/rpc/tickets/write', async (route) => {
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  await replyField(page).fill('It is on its way.');
  await page.keyboard.press('Control+Enter');
  await expect(conversation(other).getByText('It is on its way.')).toBeVisible();
  await reply(other, id, 'And I know it.');
  // By now the page has been told of both.
  await expect(conversation(page).getByText('And I know it.')).toBeVisible();
  await expect(conversation(page).getByText('It is on its way.')).toHaveCount(1);
  await expect(conversation(page).getByText('Sending…')).toBeVisible();
  answer();
  await expect(conversation(page).getByText('Sending…')).toHaveCount(0);
  await expect(conversation(page).getByText('It is on its way.')).toHaveCount(1);
  await expect(conversation(page).getByRole('listitem').last()).toContainText('And I know it.');
});

test('files that were uploaded for a reply are kept with it, here and on other devices', async ({ page, openPage }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  const file = (page: Page, name: string) => page.getByRole('button', { name: `Remove ${name}` });
  await replyField(page).click();
  const files = ['gate1.log', 'gate2.log'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`${name}\n`) }));
  await page.getByLabel('Files to attach').setInputFiles(files);
  for (const { name } of files) await expect(page.locator('.attachment', { hasText: name })).toContainText('10 B');
  // Nothing is lost by leaving: the browser has nothing to ask.
  await page.reload();
  await hydrated(page);
  await expect(file(page, 'gate1.log')).toBeVisible();
  await file(page, 'gate2.log').click();
  await expect(file(page, 'gate2.log')).toHaveCount(0);

  const second = await openPage();
  await signIn(second, MIA);
  await live(second, `/tickets/${id}`);
  await expect(file(second, 'gate1.log')).toBeVisible();
  await expect(file(second, 'gate2.log')).toHaveCount(0);
  await replyField(second).fill('See the log.');
  await second.keyboard.press('Control+Enter');
  await expect(conversation(second).getByText('gate1.log')).toBeVisible();
  await second.reload();
  await hydrated(second);
  await expect(conversation(second).getByText('gate1.log')).toBeVisible();
  await expect(file(second, 'gate1.log')).toHaveCount(0);
});

/** Keeps the next message from its answer until it is told what becomes of it. */
async function heldBack(page: Page): Promise<(goes: boolean) => void> {
  let decide = (_: boolean) => {};
  const decided = new Promise<boolean>((go) => (decide = go));
  await page.route(
    '**/rpc/tickets/write',
    async (route) => {
      if (await decided) await route.continue().catch(() => {});
      else await route.abort('connectionreset').catch(() => {});
    },
    { times: 1 },
  );
  return decide;
}

test('what is typed while a reply is on its way is kept, and so is the reply when it fails', async ({ page, allowErrors }) => {
  allowErrors(/ERR_CONNECTION_RESET/);
  page.on('dialog', (dialog) => void dialog.accept());
  await signIn(page, MIA);
  const id = await newTicket(page);
  const other = await newTicket(page);
  await live(page, `/tickets/${id}`);

  // It fails while the page is there.
  let decide = await heldBack(page);
  await replyField(page).fill('First.');
  await draftSaved(page);
  await replyField(page).press('Control+Enter');
  await expect(conversation(page).getByText('Sending…')).toBeVisible();
  await replyField(page).pressSequentially('Second.');
  decide(false);
  await expect(page.getByText('The server cannot be reached').last()).toBeVisible();
  await expect(replyField(page)).toHaveValue('First.\n\nSecond.');
  await draftSaved(page);

  // The page is loaded anew before there is an answer, and there never is one.
  decide = await heldBack(page);
  await replyField(page).press('Control+Enter');
  await expect(conversation(page).getByText('Sending…')).toBeVisible();
  await replyField(page).pressSequentially('Third.');
  await page.reload();
  decide(false);
  await hydrated(page);
  await expect(replyField(page)).toHaveValue('First.\n\nSecond.\n\nThird.');
  await draftSaved(page);

  // Another ticket is open when it arrives: what was typed after it is there, and nothing of it.
  decide = await heldBack(page);
  await replyField(page).press('Control+Enter');
  await expect(conversation(page).getByText('Sending…')).toBeVisible();
  await replyField(page).pressSequentially('Fourth.');
  await page.locator(`a[href^="/tickets/${other}"]`).first().click();
  await expect(page).toHaveURL(new RegExp(`/tickets/${other}`));
  const answered = page.waitForResponse('**/rpc/tickets/write');
  decide(true);
  await answered;
  await page.locator(`a[href^="/tickets/${id}"]`).first().click();
  await expect(conversation(page).getByText('Third.')).toHaveCount(1);
  await expect(replyField(page)).toHaveValue('Fourth.');
});
