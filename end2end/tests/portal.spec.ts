import type { Page } from '@playwright/test';
import { MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { customer, signUp } from '../support/people.ts';
import { conversation, live, reply, replyField } from '../support/tickets.ts';

const ticketOf = (page: Page): number => Number(/\/portal\/tickets\/(\d+)/.exec(page.url())?.[1]);

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a customer registers, writes with a file, reads and answers', async ({ page, openPage, allowErrors }) => {
    allowErrors(/status of (404|415|422)/);
    await signUp(page, customer());

    await page.getByRole('link', { name: 'New ticket' }).first().click();
    await page.getByLabel('What is it about?').fill('Label printer offline');
    await page.getByLabel('What happened?').fill('No parcel leaves the hall.');
    await page.getByLabel('How urgent is it?').selectOption('high');
    await page.getByLabel('Add files').setInputFiles({ name: 'tool.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ') });
    await page.getByRole('button', { name: 'Send' }).click();
    await expect(page.getByText('“tool.exe” was not taken')).toBeVisible();
    await expect(page.getByText('choose your files again')).toBeVisible();
    await expect(page.getByLabel('What happened?')).toHaveValue('No parcel leaves the hall.');

    await page.getByLabel('Add files').setInputFiles({ name: 'log.txt', mimeType: 'text/plain', buffer: Buffer.from('offline\n') });
    await page.getByRole('button', { name: 'Send' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Label printer offline' })).toBeVisible();
    await expect(page.getByText('Received', { exact: true })).toBeVisible();
    await expect(page.getByRole('link', { name: /log\.txt/ })).toBeVisible();

    const address = new URL(page.url()).pathname;
    await page.getByRole('button', { name: 'Send' }).click();
    await expect(page.getByText('Please write a message.')).toBeVisible();
    expect(new URL(page.url()).pathname).toBe(address);
    await page.getByLabel('Your answer').fill('It works again.');
    await page.getByRole('button', { name: 'Send' }).click();
    await expect(page.getByRole('region', { name: 'Conversation' }).getByText('It works again.')).toBeVisible();

    const stranger = await openPage({ javaScriptEnabled: false });
    await signUp(stranger, customer('Otto Braun'));
    const response = await stranger.goto(address);
    expect(response?.status()).toBe(404);
    await expect(stranger.getByRole('heading', { name: 'This ticket is not here' })).toBeVisible();
    await expect(stranger.getByText('Label printer offline')).toHaveCount(0);
  });
});

test('a customer with JavaScript registers, writes with files, and is answered live', async ({ page, openPage, allowErrors }) => {
  allowErrors(/status of (404|422)/);
  const who = customer();
  await signUp(page, who);
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('link', { name: 'New ticket' }).first().click();
  await expect(page).toHaveURL('/portal/new');
  await expectAccessible(page);
  await page.getByLabel('What is it about?').fill('Label printer offline');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByLabel('What happened?')).toHaveAccessibleDescription(/write/i);
  await expect(page.getByLabel('What is it about?')).toHaveValue('Label printer offline');
  await page.getByLabel('What happened?').fill('No parcel leaves the hall.');
  await page.getByLabel('Add files').setInputFiles([
    { name: 'log.txt', mimeType: 'text/plain', buffer: Buffer.from('offline\n') },
    { name: 'more.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') },
  ]);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Label printer offline' })).toBeVisible();
  await expect(page.getByRole('link', { name: /log\.txt/ })).toBeVisible();
  await expect(page.getByRole('link', { name: /more\.csv/ })).toBeVisible();
  const id = ticketOf(page);
  await live(page, `/portal/tickets/${id}`);
  await expectAccessible(page);

  const agent = await openPage();
  await signIn(agent, MIA);
  await live(agent, `/tickets/${id}`);
  await page.getByLabel('Your answer').fill('By the way');
  await replyField(agent).fill('Which printer is it?');
  await agent.getByRole('button', { name: 'Send and set status' }).click();
  await agent.getByRole('menuitem', { name: /Waiting/ }).click();
  await expect(conversation(page).getByText('Which printer is it?')).toBeVisible();
  await expect(page.getByText('Waiting for you').first()).toBeVisible();
  // What is being written stays, and notes stay among staff.
  await expect(page.getByLabel('Your answer')).toHaveValue('By the way');
  await agent.keyboard.press('Escape');
  await conversation(agent).focus();
  await agent.keyboard.press('n');
  await agent.keyboard.type('A good customer.');
  await agent.keyboard.press('Control+Enter');
  await expect(conversation(agent).getByText('A good customer.')).toBeVisible();

  await page.getByLabel('Your answer').fill('The one at gate three.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(conversation(page).getByText('The one at gate three.')).toBeVisible();
  await expect(page.getByLabel('Your answer')).toHaveValue('');
  await expect(conversation(agent).getByText('The one at gate three.')).toBeVisible();
  await page.getByLabel('Your answer').fill('This is its label.');
  await page.getByLabel('Add files').setInputFiles([{ name: 'label.txt', mimeType: 'text/plain', buffer: Buffer.from('G3\n') }]);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(conversation(page).getByRole('link', { name: /label\.txt/ })).toBeVisible();
  await expect(conversation(agent).getByRole('link', { name: /label\.txt/ })).toBeVisible();
  await expect(page.getByText('A good customer.')).toHaveCount(0);

  // For others it is not there, by no address.
  const stranger = await openPage();
  await signUp(stranger, customer('Otto Braun'));
  for (const address of [`/portal/tickets/${id}`, '/portal/tickets/999999', '/portal/tickets/none']) {
    const answer = await stranger.goto(address);
    expect(answer?.status()).toBe(404);
    await expect(stranger.getByRole('heading', { name: 'This ticket is not here' })).toBeVisible();
  }
  await stranger.goto(`/tickets/${id}`);
  await expect(stranger).toHaveURL('/portal');
  const asked = await stranger.request.post('/rpc/tickets/view', { data: { id, part: 'latest' } });
  expect(asked.status()).toBe(404);
});

test('without JavaScript the answer of an agent is there on the next look', async ({ openPage }) => {
  const page = await openPage({ javaScriptEnabled: false });
  await signUp(page, customer());
  await page.goto('/portal/new');
  await page.getByLabel('What is it about?').fill('Scanner');
  await page.getByLabel('What happened?').fill('It beeps.');
  await page.getByRole('button', { name: 'Send' }).click();
  const agent = await openPage();
  await signIn(agent, MIA);
  await reply(agent, ticketOf(page), 'Please charge it.');
  await page.reload();
  await expect(conversation(page).getByText('Please charge it.')).toBeVisible();
  await page.getByRole('link', { name: 'My tickets' }).first().click();
  await expect(page.getByRole('listitem').filter({ hasText: 'Scanner' })).toContainText('we answered');
});

test('a page that is not there says so within the frame that one knows', async ({ openPage, allowErrors }) => {
  allowErrors(/status of 404/);
  for (const javaScriptEnabled of [true, false]) {
    const agent = await openPage({ javaScriptEnabled });
    await signIn(agent, MIA);
    for (const [address, frame] of [
      ['/nope', 'Inbox'],
      ['/settings/nope', 'Inbox'],
      ['/portal/nope', 'My tickets'],
    ] as const) {
      expect((await agent.goto(address))?.status()).toBe(404);
      await expect(agent.getByRole('heading', { name: 'This page is not here' })).toBeVisible();
      await expect(agent.getByRole('navigation').getByRole('link', { name: frame }).first()).toBeVisible();
      if (javaScriptEnabled) {
        await hydrated(agent);
        await expectAccessible(agent);
      }
    }
    await agent.goto('/nope');
    if (javaScriptEnabled) await hydrated(agent);
    await agent.getByRole('main').getByRole('link', { name: 'Go to the inbox' }).click();
    await expect(agent.getByRole('region', { name: 'Tickets' })).toBeVisible();

    const jana = await openPage({ javaScriptEnabled });
    await signUp(jana, customer());
    expect((await jana.goto('/nope'))?.status()).toBe(404);
    await expect(jana.getByRole('heading', { name: 'This page is not here' })).toBeVisible();
    if (javaScriptEnabled) await hydrated(jana);
    await jana.getByRole('main').getByRole('link', { name: 'My tickets' }).click();
    await expect(jana).toHaveURL('/portal');

    const visitor = await openPage({ javaScriptEnabled });
    expect((await visitor.goto('/nope'))?.status()).toBe(404);
    await expect(visitor.getByRole('link', { name: 'Go to the start page' })).toBeVisible();
  }
});

test('the field for files names its limit, and holds what is too large back', async ({ page }) => {
  await signUp(page, customer());
  await page.goto('/portal/new');
  await hydrated(page);
  const files = page.getByLabel('Add files');
  await expect(files).toHaveAccessibleDescription(/at most 20 files of 10 MB each/);
  await page.getByLabel('What is it about?').fill('Film');
  await page.getByLabel('What happened?').fill('See it.');
  await files.setInputFiles({ name: 'film.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(10 * 1024 * 1024 + 1) });
  await expect(page.getByText('“film.mp4” is larger than 10 MB.')).toBeVisible();
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page).toHaveURL('/portal/new');
  await files.setInputFiles([]);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Film' })).toBeVisible();
  await page.getByRole('link', { name: 'My tickets' }).first().click();
  await expect(page.getByRole('listitem').filter({ hasText: 'Film' })).toContainText(/you wrote (just now|1 minute ago)/);
});
