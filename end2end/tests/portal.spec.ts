import { expect, test } from '../support/fixtures.ts';
import { customer, signUp } from '../support/people.ts';

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
