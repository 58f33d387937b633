import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { newTicket } from '../support/tickets.ts';

test('a customer is found while one types, by keyboard, and changed', async ({ page, allowErrors }) => {
  allowErrors(/status of 4(09|22)/);
  await signIn(page, MIA);
  await page.goto('/tickets');
  await hydrated(page);
  await page.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link', { name: 'Customers' }).click();
  await expect(page.getByRole('heading', { name: 'Customers' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('searchbox', { name: 'Find customers' }).pressSequentially('customer@mail');
  await expect(page).toHaveURL(/q=customer/);
  const jana = page.getByRole('link', { name: 'Jana Weiß' });
  await expect(jana).toHaveCount(1);
  await page.getByRole('heading', { name: 'Customers' }).click();
  await page.keyboard.press('j');
  await expect(jana).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Jana Weiß' })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole('link', { name: 'Edit' }).click();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByLabel('Phone numbers').fill('call me');
  await page.getByLabel('Notes').fill('Prefers <b>tea</b>.');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('“call me” is not a phone number.')).toBeVisible();
  await expect(page.getByLabel('Notes')).toHaveValue('Prefers <b>tea</b>.');
  await page.getByLabel('Phone numbers').fill('+49 30 1234');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByText('Prefers <b>tea</b>.')).toBeVisible();
});

test('all that a customer has written is listed, and leads to where it stands', async ({ page }) => {
  await signIn(page, MIA);
  const id = await newTicket(page, { subject: 'Written by Jana', body: 'The **label** printer blinks.' });
  await page.goto('/customers?q=customer@mail');
  await page.getByRole('link', { name: 'Jana Weiß' }).click();
  await hydrated(page);
  await page.getByRole('navigation', { name: 'Lists of this customer' }).getByRole('link', { name: 'Messages' }).click();
  const messages = page.getByRole('list', { name: 'Messages, newest first' });
  await expect(messages.getByRole('listitem').first()).toContainText('The label printer blinks.');
  await expect(messages.getByRole('listitem').first()).toContainText(`#${id}`);
  await expectAccessible(page);
  await page.keyboard.press('j');
  await expect(messages.getByRole('link').first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Written by Jana' })).toBeVisible();
  await expect(page).toHaveURL(/entry=/);
  await page.goBack();
  await expect(messages).toBeVisible();
  await page.getByRole('link', { name: 'Tickets', exact: true }).last().click();
  await expect(page.getByRole('table', { name: 'Tickets, last changed first' })).toBeVisible();
});

test('beside a ticket stands who it is, with a way to their page', async ({ page }) => {
  await signIn(page, MIA);
  await page.goto('/tickets?status=all');
  await hydrated(page);
  await page.getByRole('region', { name: 'Tickets' }).getByRole('listitem').first().getByRole('link').click();
  const beside = page.getByRole('complementary').locator('.customer__name');
  const name = await beside.innerText();
  await beside.click();
  await expect(page.getByRole('heading', { name })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Tickets, last changed first' })).toBeVisible();
});

test('a company is made, and whom it takes in is said before', async ({ page, allowErrors }) => {
  allowErrors(/status of 422/);
  await signIn(page, MIA);
  await page.goto('/companies/new');
  await hydrated(page);
  await page.getByLabel('Name').fill('Zebra Works');
  await page.getByLabel('Domains').fill('gmail.com');
  await page.getByRole('button', { name: 'Make company' }).click();
  await expect(page.getByText('Anybody can have an address at gmail.com')).toBeVisible();
  await page.getByLabel('Domains').fill('zebra.example');
  await page.getByLabel('Users see all tickets of the company').check();
  await page.getByRole('button', { name: 'Make company' }).click();
  await expect(page.getByRole('heading', { name: 'Zebra Works' })).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);

  await page.goto('/customers/new');
  await hydrated(page);
  await page.getByLabel('Name').fill('Zoe Zebra');
  await page.getByLabel('E-mail address').fill('zoe@mail.example');
  await page.getByRole('button', { name: 'Make customer' }).click();
  await expect(page.getByText('Individual')).toBeVisible();
  await hydrated(page);
  await page.getByLabel('More').click();
  await page.getByRole('link', { name: 'Change company' }).click();
  await page.getByRole('combobox', { name: 'Company' }).fill('zebra works');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByText('Zoe Zebra sees all tickets of Zebra Works from now on.')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Change company' }).click();
  await expect(page.getByText('The company was changed.')).toBeVisible();
});

test('two entries of one person are merged, and the old one leads on', async ({ page }) => {
  await signIn(page, ADA);
  const made: string[] = [];
  for (const [name, email] of [
    ['Twin One', 'one@twins.example'],
    ['Twin Two', 'two@twins.example'],
  ]) {
    await page.goto('/customers/new');
    await hydrated(page);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('button', { name: 'Make customer' }).click();
    await expect(page.getByRole('heading', { name })).toBeVisible();
    made.push(new URL(page.url()).pathname);
  }
  await page.goto(`${made[0]}/merge`);
  await hydrated(page);
  await page.getByRole('searchbox').fill('twin');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('link', { name: 'Choose Twin Two' }).click();
  await expect(page.getByText("Mails from two@twins.example are Twin One's from then on.")).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Merge' }).click();
  await expect(page.getByText('Merged:')).toBeVisible();
  await expect(page.getByText('two@twins.example')).toBeVisible();
  await page.goto(made[1]);
  await expect(page).toHaveURL(made[0]);
});

test('customers come in from a file, which is tried first', async ({ page }) => {
  await signIn(page, ADA);
  await page.goto('/customers/import');
  await hydrated(page);
  await expectAccessible(page);
  const lines = Array.from({ length: 30 }, (_, n) => `Imported ${n};imported${n}@files.example;+49 30 ${1000 + n}`);
  const file = ['Wer;Wohin;Telefon', ...lines, 'Broken;no address;'].join('\n');
  await page.getByLabel('File').setInputFiles({ name: 'kunden.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
  await page.getByRole('button', { name: 'Upload and look' }).click();
  await expect(page.getByRole('heading', { name: 'kunden.csv' })).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByLabel('What is in Wer').selectOption('Name');
  await page.getByLabel('What is in Wohin').selectOption('E-mail address');
  await page.getByRole('button', { name: 'Try without changing anything' }).click();
  await expect(page.getByText('Would be made')).toBeVisible({ timeout: 15_000 });
  await expect(page.getByText('“no address” is not').or(page.getByText('This is not a complete e-mail address.'))).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Bring in' }).click();
  await expect(page.getByText('Done.')).toBeVisible({ timeout: 15_000 });
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'All as CSV' }).click();
  expect((await download).suggestedFilename()).toBe('refused.csv');
  await page.goto('/customers?q=imported1@');
  await expect(page.getByRole('link', { name: 'Imported 1', exact: true })).toBeVisible();
});

test('tickets of another system come in from its export', async ({ page, allowErrors }) => {
  allowErrors(/status of 422/);
  await signIn(page, ADA);
  await page.goto('/customers/import');
  await hydrated(page);
  const file = [
    'Summation column,Id,Requester,Requester email,Submitter,Assignee,Subject,Tags,State of it,Priority,Via,Created at,Solved at',
    '1,4711,Jana Old,jana.old@files.example,x,Mia,The old printer is on fire,fire,Solved,Urgent,Mail,2019-03-04 10:00,2019-03-05 08:00',
    '2,4712,Jana Old,jana.old@files.example,x,Who Left,It burns again,,Merged,Low,Web,2019-04-04 10:00,',
    '3,4713,Jana Old,jana.old@files.example,x,Who Left,The last one,,Closed,Low,Web,2019-04-05 10:00,',
  ].join('\n');
  await page.getByLabel('Tickets').check();
  await page.getByLabel('File').setInputFiles({ name: 'zendesk.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
  await page.getByRole('button', { name: 'Upload and look' }).click();
  await expect(page.getByRole('heading', { name: 'zendesk.csv' })).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await expect(page.getByLabel('Where the tickets come from')).toHaveValue('Zendesk');
  await expect(page.getByLabel('What is in Id')).toHaveValue('number');
  await page.getByLabel('What is in State of it').selectOption('Status');
  // What is missing is said beside its field, and what was chosen is kept.
  await page.getByLabel('Where the tickets come from').fill('');
  await page.getByRole('button', { name: 'Try without changing anything' }).click();
  await expect(page.getByText('Say where the tickets come from, like Zendesk.')).toBeVisible();
  await hydrated(page);
  await expect(page.getByLabel('What is in State of it')).toHaveValue('status');
  await page.getByLabel('Where the tickets come from').fill('Zendesk');
  await page.getByRole('button', { name: 'Try without changing anything' }).click();
  await expect(page.getByRole('heading', { name: 'What would become of the first lines' })).toBeVisible({ timeout: 15_000 });
  await expect(page.getByText('There is no status “Merged” here.')).toBeVisible();
  await expect(page.getByText('Made, unassigned: nobody on staff is called “who left”')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Bring in' }).click();
  await expect(page.getByText('Done.')).toBeVisible({ timeout: 15_000 });
  await page.goto('/search?q=4711');
  await page.getByRole('link', { name: 'The old printer is on fire' }).click();
  await hydrated(page);
  await expect(page.getByRole('heading', { name: 'The old printer is on fire' })).toBeVisible();
  await expect(page.getByText('Zendesk 4711').first()).toBeVisible();
  await expect(page.locator('time[datetime^="2019-03-04T10:00"]').first()).toBeVisible();
});

test('a person’s data are taken out, and then the person is erased', async ({ page, allowErrors }) => {
  allowErrors(/status of 422/);
  await signIn(page, ADA);
  await page.goto('/customers/new');
  await hydrated(page);
  await page.getByLabel('Name').fill('Gone Soon');
  await page.getByLabel('E-mail address').fill('gone@soon.example');
  await page.getByRole('button', { name: 'Make customer' }).click();
  await hydrated(page);
  await page.getByRole('button', { name: 'Gather all data' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click({ timeout: 15_000 });
  expect((await download).suggestedFilename()).toBe('personal-data.zip');
  await page.getByRole('link', { name: 'Erase this person' }).click();
  await expect(page.getByRole('heading', { name: 'Erase Gone Soon?' })).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Erase for good' }).click();
  await expect(page.getByText('This is not the name of this customer.')).toBeVisible();
  await page.getByLabel('Name of the customer').fill('Gone Soon');
  await page.getByRole('button', { name: 'Erase for good' }).click();
  await expect(page.getByText('Erased: nothing is known')).toBeVisible();
  await page.goto('/customers?q=gone');
  await expect(page.getByText('Nobody found')).toBeVisible();
});

test('customers are read and changed without a script', async ({ openPage }) => {
  const page = await openPage({ javaScriptEnabled: false });
  await signIn(page, MIA);
  await page.goto('/customers');
  await page.getByRole('searchbox', { name: 'Find customers' }).fill('mail.example');
  await page.getByRole('searchbox', { name: 'Find customers' }).press('Enter');
  await page.goto('/customers?shown=blocked');
  await expect(page.getByText('Nobody is blocked').or(page.getByText('Blocked').first())).toBeVisible();
});
