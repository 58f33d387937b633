import type { Page } from '@playwright/test';
import { JANA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { customer, signUp } from '../support/people.ts';
import { conversation, live, reply, replyField } from '../support/tickets.ts';

const ticketOf = (page: Page): number => Number(/\/portal\/tickets\/(\d+)/.exec(page.url())?.[1]);

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a double click on Send writes once', async ({ page }) => {
    await signUp(page, customer());
    await page.goto('/portal/new');
    await page.getByLabel('What is it about?').fill('Gate three');
    await page.getByLabel('What happened?').fill('It does not open.');
    await page.getByRole('button', { name: 'Send' }).dblclick();
    await expect(page).toHaveURL(/\/portal\/tickets\/\d+/);
    await page.getByLabel('Your answer').fill('Nor does gate four.');
    await page.getByRole('button', { name: 'Send' }).dblclick();
    await expect(page).toHaveURL(/#e\d+$/);
    await expect(page.getByText('Nor does gate four.')).toHaveCount(1);
    await page.goto('/portal');
    await expect(page.getByRole('link', { name: 'Gate three' })).toHaveCount(1);
  });

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

/** Holds uploads back. Returns what answers the oldest of them: lets it through, or breaks it off. */
async function holdUploads(page: Page): Promise<(go: boolean) => Promise<void>> {
  const held: ((go: boolean) => void)[] = [];
  await page.route('**/files?*', async (route) => {
    const go = await new Promise<boolean>((decide) => held.push(decide));
    await (go ? route.continue() : route.abort());
  });
  return async (go) => {
    await expect.poll(() => held.length).toBeGreaterThan(0);
    held.shift()?.(go);
  };
}

const text = (name: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('offline\n') });

test('an upload says how far it is, is waited for, called off, and tried again', async ({ page, allowErrors }) => {
  allowErrors(/Failed to load resource/);
  await signUp(page, customer());
  await page.goto('/portal/new');
  await hydrated(page);
  const answer = await holdUploads(page);
  const send = page.getByRole('button', { name: 'Send', exact: true });
  const files = page.getByLabel('Add files');
  const bar = page.getByRole('progressbar');
  await page.getByLabel('What is it about?').fill('Scanner');
  await page.getByLabel('What happened?').fill('It beeps.');
  await files.setInputFiles(text('log.txt'));
  await expect(page.getByRole('progressbar', { name: 'Upload of log.txt' })).toBeVisible();
  await expect(page.locator('.portal__files')).toContainText(/\d+ %/);
  await send.click();
  await expect(page.getByText('goes out as soon as its files are there')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Do not send yet' }).click();
  await expect(page.getByText('goes out as soon as its files are there')).toBeHidden();
  await expect(files).toBeFocused();

  await answer(false);
  await expect(page.getByText('The upload broke off.')).toBeVisible();
  await expectAccessible(page);
  await send.click();
  await expect(page.getByText('Not every file could be taken')).toBeVisible();
  await expect(page).toHaveURL('/portal/new');
  await page.getByRole('button', { name: 'Try again: log.txt' }).click();
  await expect(bar).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Remove log.txt' })).toBeFocused();

  await files.setInputFiles(text('wrong.txt'));
  await expect(bar).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove wrong.txt' }).click();
  await expect(bar).toHaveCount(1);
  await expect(files).toBeFocused();
  await send.click();
  await answer(true);
  await expect(page.getByRole('heading', { level: 1, name: 'Scanner' })).toBeVisible();
  await expect(conversation(page).getByRole('link')).toHaveText([/log\.txt/]);

  // An answer takes them the same way.
  await page.unroute('**/files?*');
  await page.getByLabel('Your answer').fill('One more.');
  await files.setInputFiles(text('more.txt'));
  await send.click();
  await expect(conversation(page).getByRole('link', { name: /more\.txt/ })).toBeVisible();
  await expect(page.getByRole('button', { name: /^Remove/ })).toHaveCount(0);
  await expect(page.getByLabel('Your answer')).toHaveValue('');
});

test('a form that could not be sent keeps its words and files', async ({ page, allowErrors }) => {
  allowErrors(/Failed to load resource/);
  await signUp(page, customer());
  await page.goto('/portal/new');
  await hydrated(page);
  // Dropped beside the field: not a page to be shown.
  await page.getByLabel('What happened?').evaluate((element) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['offline'], 'log.txt', { type: 'text/plain' }));
    element.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }));
  });
  await expect(page.getByRole('button', { name: 'Remove log.txt' })).toBeVisible();
  await page.getByLabel('What is it about?').fill('Label <printer>');
  await page.getByLabel('What happened?').fill('No parcel\n\nleaves the hall.');
  await page.getByLabel('How urgent is it?').selectOption('high');
  await page.route('**/rpc/tickets/create', (route) => route.abort());
  const send = page.getByRole('button', { name: 'Send', exact: true });
  await send.click();
  await expect(page.getByRole('main').getByRole('alert')).toBeVisible();
  await page.unroute('**/rpc/tickets/create');
  await expect(page.getByLabel('What is it about?')).toHaveValue('Label <printer>');
  await expect(page.getByLabel('What happened?')).toHaveValue('No parcel\n\nleaves the hall.');
  await expect(page.getByLabel('How urgent is it?')).toHaveValue('high');
  await expect(page.getByRole('button', { name: 'Remove log.txt' })).toBeVisible();
  await send.click();
  await expect(page.getByRole('heading', { level: 1, name: 'Label <printer>' })).toBeVisible();
  await expect(conversation(page).getByRole('link', { name: /log\.txt/ })).toBeVisible();
});

test('files that were chosen before the page was taken over go along', async ({ page }) => {
  await signUp(page, customer());
  let go = () => {};
  const gone = new Promise<void>((resolve) => (go = resolve));
  await page.route(/\/pkg\/docket\..*\.wasm$/, async (route) => {
    await gone;
    await route.continue();
  });
  await page.goto('/portal/new', { waitUntil: 'commit' });
  await page.getByLabel('What is it about?').fill('Early');
  await page.getByLabel('What happened?').fill('Before anything else.');
  await page.getByLabel('Add files').setInputFiles(text('early.txt'));
  go();
  await expect(page.getByRole('button', { name: 'Remove early.txt' })).toBeVisible();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(conversation(page).getByRole('link')).toHaveText([/early\.txt/]);
});

test('the field for files names its limit, and what is not taken holds the form back', async ({ page, allowErrors }) => {
  allowErrors(/status of 415/);
  await signUp(page, customer());
  await page.goto('/portal/new');
  await hydrated(page);
  const files = page.getByLabel('Add files');
  await expect(files).toHaveAccessibleDescription(/at most 20 files of 10 MB each/);
  await page.getByLabel('What is it about?').fill('Film');
  await page.getByLabel('What happened?').fill('See it.');
  await files.setInputFiles([
    { name: 'film.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(10 * 1024 * 1024 + 1) },
    { name: 'tool.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ\0\0') },
  ]);
  await expect(page.getByText('Larger than 10 MB')).toBeVisible();
  await expect(page.getByText('“tool.exe” was not taken')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Try again/ })).toHaveCount(0);
  const send = page.getByRole('button', { name: 'Send', exact: true });
  await send.click();
  await expect(files).toHaveAccessibleDescription(/Not every file could be taken/);
  await expect(page).toHaveURL('/portal/new');
  await page.getByRole('button', { name: 'Remove film.mp4' }).click();
  await page.getByRole('button', { name: 'Remove tool.exe' }).click();
  await send.click();
  await expect(page.getByRole('heading', { level: 1, name: 'Film' })).toBeVisible();
  await page.getByRole('link', { name: 'My tickets' }).first().click();
  await expect(page.getByRole('listitem').filter({ hasText: 'Film' })).toContainText(/you wrote (just now|1 minute ago)/);
});

test('a search without a hit says so and leads back', async ({ page, allowErrors }) => {
  allowErrors(/status of 422/);
  await signIn(page, JANA);
  await page.goto('/portal');
  await hydrated(page);
  const field = page.getByRole('searchbox');
  const main = page.getByRole('main');
  await field.fill('xylophone');
  await field.press('Enter');
  await expect(main.getByText('Nothing was found for “xylophone”')).toBeVisible();
  await hydrated(page);
  await main.getByRole('link', { name: 'Clear the search' }).click();
  await expect(page).toHaveURL('/portal');
  await expect(main.getByText('Nothing was found')).toBeHidden();
  await expect(field).toHaveValue('');
  // There is nothing to be marked, and trying again would not help.
  await page.goto(`/portal?q=${'x'.repeat(201)}`);
  await hydrated(page);
  await expect(main.getByText('Use at most 200 characters')).toBeVisible();
  await expect(main.getByRole('button', { name: 'Try again' })).toHaveCount(0);
});
