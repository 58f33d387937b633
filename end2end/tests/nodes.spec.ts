import type { Page } from '@playwright/test';
import { ADA, JANA, MIA, signIn, test as base } from '../support/demo.ts';
import { expect, expectAccessible } from '../support/fixtures.ts';
import { Server } from '../support/server.ts';
import { connected, conversation, draftSaved, live, newTicket, reply, replyField } from '../support/tickets.ts';

/** `server` looks after the database; `second` is another server on the same one. */
const test = base.extend<{}, { second: Server }>({
  second: [
    async ({ server }, use) => {
      const second = await Server.start({ DATABASE_URL: await server.database() });
      await use(second);
      await second.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});

/** What a browser says of a server that is not there. */
const AWAY = /ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE|WebSocket connection|status of 50[0-9]/;

const lost = (page: Page) => page.getByRole('status').filter({ hasText: 'Connection lost' });

/** The messages of a conversation, in the order in which they stand there. */
async function messages(page: Page): Promise<string[]> {
  return conversation(page).locator('.message__body').allInnerTexts();
}

test('the numbers of the rail follow on both servers', async ({ page, openPage, second }) => {
  const other = await openPage({ baseURL: second.url });
  await signIn(page, MIA);
  await signIn(other, ADA);
  const number = (page: Page) => page.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link', { name: /^Inbox/ }).locator('.count');
  await live(other, '/tickets');
  await live(page, '/search');
  const before = Number(await number(other).innerText());
  expect(before).toBeGreaterThan(0);
  await expect(number(page)).toHaveText(String(before));
  await newTicket(page, { subject: 'One more in the inbox' });
  await expect(number(other)).toHaveText(String(before + 1));
  await expect(number(page)).toHaveText(String(before + 1));
});

test('two servers on one database show each other all that happens', async ({ page, openPage, second }) => {
  const other = await openPage({ baseURL: second.url });
  await signIn(page, MIA);
  await signIn(other, ADA);
  const id = await newTicket(page, { subject: 'Seen from two nodes' });
  await live(other, '/tickets?sort=created');
  await live(page, `/tickets/${id}`);
  expect(new URL(other.url()).origin).not.toBe(new URL(page.url()).origin);
  await other.getByRole('link', { name: 'Seen from two nodes' }).click();
  await expect(other.getByRole('heading', { name: 'Seen from two nodes' })).toBeVisible();
  await expect(other.getByText('Mia is looking')).toBeVisible();
  await expect(page.getByText('Ada is looking')).toBeVisible();

  await replyField(page).pressSequentially('Please restart it.');
  await expect(other.getByText('Mia is typing…')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(conversation(other).getByText('Please restart it.')).toBeVisible();
  await reply(other, id, 'And tell us.');
  await expect(conversation(page).getByText('And tell us.')).toBeVisible();

  await page.goto('/board');
  await expect(other.getByText('Mia is looking')).toBeHidden();
  await live(other, '/board');
  await connected(page);
  const column = (page: Page, name: string) => page.getByRole('list', { name, exact: true });
  const card = column(page, 'Open').getByRole('listitem').filter({ hasText: `#${id}` });
  await card.getByRole('link').focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  await expect(column(page, 'In progress').getByRole('listitem').first()).toContainText(`#${id}`);
  await expect(column(other, 'In progress').getByRole('listitem').first()).toContainText(`#${id}`);
});

test('a server that is killed and comes back costs nobody a word', async ({ page, openPage, server, second, allowErrors }) => {
  allowErrors(AWAY);
  allowErrors(/status of 409/);
  const other = await openPage({ baseURL: second.url });
  await signIn(page, MIA);
  await signIn(other, ADA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  await live(other, `/tickets/${id}`);
  await replyField(page).pressSequentially('Half a');
  await draftSaved(page);
  const customer = await openPage();
  await signIn(customer, JANA);
  await live(customer, `/portal/tickets/${id}`);

  await server.kill();
  await expect(lost(page)).toBeVisible();
  // What the page shows of it must not be asked of the server that is gone.
  const icon = lost(page).locator('svg');
  await expect.poll(() => icon.evaluate((icon: SVGGraphicsElement) => icon.getBBox().width)).toBeGreaterThan(0);
  await expect(lost(customer)).toBeInViewport();
  await customer.getByLabel('Your answer').fill('Still red.');
  await customer.getByRole('button', { name: 'Send' }).click();
  await expect(customer.getByLabel('Your answer')).toHaveAccessibleDescription(/.+/);
  await expect(customer.getByLabel('Your answer')).toHaveValue('Still red.');
  await replyField(page).pressSequentially(' reply, all of it');
  await expect(page.getByText('draft not saved yet')).toBeVisible();
  // Sending fails in sight, and the text comes back.
  await page.keyboard.press('Control+Enter');
  await expect(replyField(page)).toHaveValue('Half a reply, all of it');
  for (const words of ['first', 'second', 'third']) await reply(other, id, `The ${words} while you were away.`);
  await expect(conversation(other).getByText('The third while you were away.')).toBeVisible();

  await server.startAgain();
  await expect(lost(page)).toBeHidden();
  await expect(conversation(page).getByText('The third while you were away.')).toBeVisible();
  expect((await messages(page)).slice(-3)).toEqual([
    'The first while you were away.',
    'The second while you were away.',
    'The third while you were away.',
  ]);
  await expect(conversation(customer).getByText('The third while you were away.')).toBeVisible();
  await expect(lost(customer)).toBeHidden();
  await customer.getByRole('button', { name: 'Send' }).click();
  await expect(conversation(page).getByText('Still red.')).toBeVisible();
  await expect(replyField(page)).toHaveValue('Half a reply, all of it');
  await draftSaved(page);
  await replyField(page).press('Control+Enter');
  await page.getByRole('button', { name: 'Send all the same' }).click();
  await expect(conversation(other).getByText('Half a reply, all of it')).toBeVisible();
  await expect.poll(async () => (await messages(page)).at(-1)).toBe('Half a reply, all of it');
  expect((await messages(other)).filter((words) => words.startsWith('Half a reply'))).toHaveLength(1);
});

test('a database that stops and starts again is said, and survived', async ({ page, openPage, server, second, allowErrors }) => {
  allowErrors(AWAY);
  const other = await openPage({ baseURL: second.url });
  await signIn(page, MIA);
  await signIn(other, ADA);
  const id = await newTicket(page);
  await live(page, `/tickets/${id}`);
  await live(other, `/tickets/${id}`);
  await replyField(other).pressSequentially('Before the');
  await draftSaved(other);

  // The first server would start its database again at once; without it, the second one has none.
  await server.kill();
  await server.stopDatabase();
  await replyField(other).pressSequentially(' storm');
  await expect(other.getByText('draft not saved yet')).toBeVisible();
  await other.keyboard.press('Control+Enter');
  await expect(other.locator('.toast[data-kind=error]').first()).toBeVisible();
  await expect(replyField(other)).toHaveValue('Before the storm');
  const tab = await other.context().newPage();
  const answer = await tab.goto('/tickets');
  expect(answer?.status()).toBe(503);
  await expect(tab.getByRole('heading', { level: 1 })).toHaveText('Not available right now');
  await expectAccessible(tab);
  const visitor = await openPage({ baseURL: second.url });
  expect((await visitor.goto('/sign-in'))?.status()).toBe(503);
  await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('Not available right now');
  // A page that is open says so, whether or not anything is done there.
  const away = other.getByRole('status').filter({ hasText: 'cannot reach its database' });
  await expect(away).toBeVisible();

  await server.startAgain();
  await expect(lost(page)).toBeHidden();
  await expect(away).toBeHidden();
  // Nobody has to do anything.
  await expect(tab.getByRole('region', { name: 'Tickets' })).toBeVisible();
  await expect(visitor.getByLabel('Password')).toBeVisible();
  await tab.close();
  await draftSaved(other);
  await connected(other);
  await other.keyboard.press('Control+Enter');
  await expect(conversation(other).getByText('Before the storm')).toBeVisible();
  await expect(conversation(page).getByText('Before the storm')).toBeVisible();
  await reply(page, id, 'After it.');
  await expect(conversation(other).getByText('After it.')).toBeVisible();
  await expect(lost(other)).toBeHidden();
});
