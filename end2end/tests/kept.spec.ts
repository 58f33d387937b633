import { JANA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { customer, PASSWORD, signIn as signInByForm, signUp } from '../support/people.ts';
import { conversation, draftSaved, live, newTicket, replyField } from '../support/tickets.ts';

test('fields of a page that one comes to by a link begin empty', async ({ page, openPage }) => {
  await signIn(page, MIA);
  const id = await newTicket(page);
  const jana = await openPage();
  await signIn(jana, JANA);
  await jana.goto('/portal');
  await hydrated(jana);
  await jana.getByRole('link', { name: 'New ticket' }).first().click();
  await expect(jana.getByLabel('What happened?')).toHaveValue('');
  await jana.goBack();
  await jana.locator(`a[href="/portal/tickets/${id}"]`).click();
  await expect(jana.getByLabel('Your answer')).toHaveValue('');

  await page.goto('/tickets');
  await hydrated(page);
  await page.locator(`a[href="/tickets/${id}"]`).first().click();
  await expect(replyField(page)).toHaveValue('');
  await page.getByRole('link', { name: 'New ticket' }).first().click();
  await expect(page.getByRole('textbox', { name: /^Message/ })).toHaveValue('');
});

test('what a customer writes is kept until it is sent, and only for them', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of 401|Failed to load resource/);
  const who = customer();
  await signUp(page, who);
  await page.goto('/portal/new');
  await hydrated(page);
  const subject = page.getByLabel('What is it about?');
  const body = page.getByLabel('What happened?');
  const send = page.getByRole('button', { name: 'Send' });
  await subject.fill('Where is my parcel');
  await body.fill('It is\n<late>.');
  await page.getByLabel('How urgent is it?').selectOption('high');
  await page.getByLabel('Add files').setInputFiles({ name: 'label.txt', mimeType: 'text/plain', buffer: Buffer.from('G3\n') });
  await expect(page.getByRole('button', { name: 'Remove label.txt' })).toBeVisible();
  const expectThere = async () => {
    await expect(subject).toHaveValue('Where is my parcel');
    await expect(body).toHaveValue('It is\n<late>.');
    await expect(page.getByLabel('How urgent is it?')).toHaveValue('high');
    await expect(page.getByRole('button', { name: 'Remove label.txt' })).toBeVisible();
  };
  // Over another page and back, and over a reload.
  await page.getByRole('link', { name: 'My tickets' }).first().click();
  await expect(page).toHaveURL('/portal');
  await page.getByRole('link', { name: 'New ticket' }).first().click();
  await expectThere();
  await page.reload();
  await hydrated(page);
  await expectThere();

  // Offline it stays where it is.
  await page.context().setOffline(true);
  await send.click();
  await expect(page.getByText('The server cannot be reached')).toBeVisible();
  await page.context().setOffline(false);
  await expectThere();

  // Somebody else finds nothing of it.
  const cookies = await page.context().cookies();
  await page.context().clearCookies();
  await signUp(page, customer('Otto Braun'));
  await page.goto('/portal/new');
  await hydrated(page);
  await expect(body).toHaveValue('');

  // The session ends: the way to signing in leads back.
  await page.context().clearCookies();
  await page.context().addCookies(cookies);
  await page.goto('/portal/new');
  await hydrated(page);
  await expectThere();
  const other = await openPage();
  await signInByForm(other, who);
  await other.goto('/portal/me');
  await other.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(other.getByRole('button', { name: /^Sign out on/ })).toHaveCount(0);
  await send.click();
  await page.getByRole('alert').getByRole('link', { name: 'Sign in' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'has ended' })).toContainText('led back to where you were');
  await expectAccessible(page);
  await page.getByLabel('E-mail address').fill(who.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/portal/new');
  await hydrated(page);
  await expectThere();
  await send.click();
  await expect(page.getByRole('heading', { name: 'Where is my parcel' })).toBeVisible();
  await expect(page.getByRole('link', { name: /label\.txt/ })).toBeVisible();

  // An answer, too.
  const answer = page.getByLabel('Your answer');
  const address = new URL(page.url()).pathname;
  await hydrated(page);
  await expect(answer).toHaveValue('');
  await answer.fill('Two weeks late, in fact.');
  await page.getByRole('link', { name: 'New ticket' }).or(page.getByRole('link', { name: 'My tickets' })).first().click();
  await expect(page).toHaveURL('/portal');
  await page.locator(`a[href="${address}"]`).click();
  await expect(answer).toHaveValue('Two weeks late, in fact.');
  await page.reload();
  await hydrated(page);
  await expect(answer).toHaveValue('Two weeks late, in fact.');
  await send.click();
  await expect(page.getByRole('region', { name: 'Conversation' }).getByText('Two weeks late, in fact.')).toBeVisible();
  await expect(answer).toHaveValue('');

  // What is sent is forgotten.
  await page.reload();
  await hydrated(page);
  await expect(answer).toHaveValue('');
  await page.goto('/portal/new');
  await hydrated(page);
  await expect(subject).toHaveValue('');
  await expect(page.getByRole('button', { name: 'Remove label.txt' })).toHaveCount(0);
});

test('without JavaScript, who has been signed out is told that nothing was sent', async ({ openPage }) => {
  const page = await openPage({ javaScriptEnabled: false });
  const who = customer();
  await signUp(page, who);
  await page.goto('/portal/new');
  await page.getByLabel('What is it about?').fill('Scanner');
  await page.getByLabel('What happened?').fill('It beeps.');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('status')).toContainText('nothing was sent');
  await page.getByLabel('E-mail address').fill(who.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/portal/new');
});

test('what an agent writes without a connection is kept, over other tickets and a reload', async ({ page, allowErrors }) => {
  allowErrors(/Failed to load resource|ERR_INTERNET_DISCONNECTED/);
  page.on('dialog', (dialog) => dialog.accept());
  await signIn(page, MIA);
  const one = await newTicket(page, { subject: 'Scanner asleep' });
  const other = await newTicket(page, { subject: 'Scanner awake' });
  const open = (id: number) => page.locator(`a[href^="/tickets/${id}"]`).first().click();
  await live(page, `/tickets/${one}`);
  await replyField(page).fill('Hello');
  await draftSaved(page);

  await page.context().setOffline(true);
  await replyField(page).fill('Hello,\nplease press the button.');
  await open(other);
  await expect(page).toHaveURL(new RegExp(`/tickets/${other}`));
  await expect(page.getByRole('main').getByText('The server cannot be reached').first()).toBeVisible();
  await page.context().setOffline(false);
  await live(page, `/tickets/${one}`);
  await expect(replyField(page)).toHaveValue('Hello,\nplease press the button.');
  await draftSaved(page);

  // The server has it: nothing is left in the tab that could come back.
  const kept = () => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('docket-reply-')));
  await expect.poll(kept).toEqual([]);

  // A reload right after the last key, before the pause in which it is saved.
  await replyField(page).press('End');
  await replyField(page).pressSequentially(' Twice.');
  await page.reload();
  await hydrated(page);
  await expect(replyField(page)).toHaveValue('Hello,\nplease press the button. Twice.');
  await draftSaved(page);

  await replyField(page).press('Control+Enter');
  await expect(conversation(page).getByText('please press the button. Twice.')).toBeVisible();
  await expect(page.locator('[data-pending]')).toHaveCount(0);
  await page.reload();
  await hydrated(page);
  await expect(replyField(page)).toHaveValue('');
  await expect.poll(kept).toEqual([]);
});
