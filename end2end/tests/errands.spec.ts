import type { Page } from '@playwright/test';
import { ADA, signIn } from '../support/demo.ts';
import { expect, expectAccessible, hydrated, testWith } from '../support/fixtures.ts';

/** So many that one can watch them. */
const TICKETS = 10_000;
const GROUPED = '10,000';

/** A server of its own: so many open tickets would be in the way of other journeys. */
const test = testWith({}, 50);

/** What may write into the database of a server. */
type Sql = { sql(statement: string): Promise<void> };

async function customer(page: Page, name: string, email: string): Promise<string> {
  await page.goto('/customers/new');
  await hydrated(page);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Make customer' }).click();
  await expect(page.getByRole('heading', { name })).toBeVisible();
  return new URL(page.url()).pathname;
}

/** The same with very many tickets: called as they are, and a number. */
async function busy(page: Page, server: Sql, name: string, email: string, subject: string): Promise<string> {
  const address = await customer(page, name, email);
  await server.sql(
    `insert into tickets (subject, status_id, urgency, importance, priority, source, requester_id, excerpt, rank, created_at,
         updated_at, public_at)
     select '${subject} ' || n, (select id from statuses order by position limit 1), 1, 1, 1, 'web', u.id, 'Many', 'V' || lpad(n::text, 9, '0'),
         now(), now(), now()
     from generate_series(1, ${TICKETS}) n, users u where u.email = '${email}'`,
  );
  return address;
}

test.slow();

test('very many tickets follow who they belong to, and one sees how far they are', async ({ page, openPage, server }) => {
  await signIn(page, ADA);
  const kept = await customer(page, 'Alarm Centre', 'alarms@centre.example');
  const gone = await busy(page, server, 'Alarm Bot', 'bot@centre.example', 'Alarm');
  await page.goto(`${kept}/merge?with=${gone.split('/').at(-1)}`);
  await expect(page.getByText('More than 2,000 tickets of Alarm Bot')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Merge' }).click();
  const bar = page.getByRole('progressbar', { name: 'Tickets that come over' });
  await expect(bar).toBeVisible();
  await expect(page.getByText('You can leave this page; it goes on.')).toBeVisible();
  await expectAccessible(page);
  // The same without a script, and another merge is refused meanwhile.
  const plain = await openPage({ javaScriptEnabled: false });
  await signIn(plain, ADA);
  await plain.goto(kept);
  await expect(plain.getByRole('progressbar').or(plain.getByText('have come over.'))).toBeVisible();
  await expect(page.getByText(`${GROUPED} tickets of Alarm Bot have come over.`)).toBeVisible({ timeout: 45_000 });
  await expect(bar).toHaveCount(0);
  // And the list below has them without anybody asking.
  await expect(page.getByRole('link', { name: 'Alarm 9999', exact: true })).toBeVisible();
  await page.goto(gone);
  await expect(page).toHaveURL(kept);
});

test('who changes company takes very many tickets along, and one sees how far they are', async ({ page, openPage, server }) => {
  await signIn(page, ADA);
  await page.goto('/companies/new');
  await hydrated(page);
  await page.getByLabel('Name').fill('Kiln Works');
  await page.getByLabel('Users see all tickets of the company').check();
  await page.getByRole('button', { name: 'Make company' }).click();
  await expect(page.getByRole('heading', { name: 'Kiln Works' })).toBeVisible();
  const company = new URL(page.url()).pathname;
  const who = await busy(page, server, 'Kiln Bot', 'bot@kiln.example', 'Kiln');
  await page.goto(`${who}/company?company=Kiln+Works`);
  await expect(page.getByText('All users of Kiln Works will see them.')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByText('Take more than 2,000 earlier tickets along').click();
  await page.getByRole('button', { name: 'Change company' }).click();
  await expect(page.getByText('The company was changed.')).toBeVisible();
  const bar = page.getByRole('progressbar', { name: 'Tickets that change company' });
  await expect(bar).toBeVisible();
  await expectAccessible(page);
  // On the company's page, too, and without a script.
  const plain = await openPage({ javaScriptEnabled: false });
  await signIn(plain, ADA);
  await plain.goto(company);
  await expect(plain.getByRole('progressbar').or(plain.getByText('have changed company.'))).toBeVisible();
  await expect(page.getByText(`${GROUPED} tickets of Kiln Bot have changed company.`)).toBeVisible({ timeout: 45_000 });
  await expect(bar).toHaveCount(0);
  await page.goto(company);
  await expect(page.getByRole('link', { name: 'Kiln 9999', exact: true })).toBeVisible();
});

test('who wrote on very much is erased, and one sees how far that is', async ({ page, server }) => {
  await signIn(page, ADA);
  const who = await busy(page, server, 'Much Writer', 'much@writer.example', 'Words');
  await page.goto(`${who}/erase`);
  await hydrated(page);
  await page.getByText('Erase what they wrote, too').click();
  await page.getByLabel('Name of the customer').fill('Much Writer');
  await page.getByRole('button', { name: 'Erase for good' }).click();
  await expect(page.getByText('This person was erased.')).toBeVisible();
  await expect(page.getByRole('progressbar', { name: 'Erasing' })).toBeVisible();
  await expectAccessible(page);
  await expect(page.getByText('They are out of everything')).toBeVisible({ timeout: 45_000 });
  await page.goto('/search?q=Words');
  await expect(page.getByText('Words 17')).toHaveCount(0);
});
