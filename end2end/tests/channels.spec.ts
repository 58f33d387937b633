import { ADA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';

test('identities on channels are written down, kept apart, shown and found', async ({ page, allowErrors }) => {
  allowErrors(/status of 422/);
  await signIn(page, MIA);
  await page.goto('/customers/new');
  await hydrated(page);
  await page.getByLabel('Name').fill('Tilda Telegraph');
  await page.getByLabel('E-mail address').fill('tilda@mail.example');
  const channels = page.getByLabel('Channel identities');
  await channels.fill('Telegram: @Tilda_T (Tilda T.)\nFax: 12');
  await page.getByRole('button', { name: 'Make customer' }).click();
  // What is wrong is said beside the field, with what was typed.
  await expect(page.getByText('“Fax: 12” does not begin with a channel and a colon')).toBeVisible();
  await expect(channels).toHaveValue('Telegram: @Tilda_T (Tilda T.)\nFax: 12');
  await expect(channels).toHaveAttribute('aria-invalid', 'true');
  await hydrated(page);
  await expectAccessible(page);
  await channels.fill('whatsapp: +49 (170) 1234567\nTelegram: @Tilda_T (Tilda T.)\nTelegram: 123456789');
  await page.getByRole('button', { name: 'Make customer' }).click();
  await expect(page.getByText('Made.')).toBeVisible();
  const facts = page.getByRole('region', { name: 'About this customer' });
  await expect(facts.getByText('@tilda_t (Tilda T.)')).toBeVisible();
  await expect(facts.getByRole('term').filter({ hasText: 'Telegram' })).toHaveCount(1);
  await expect(facts.getByRole('term').filter({ hasText: 'WhatsApp' })).toBeVisible();
  await expect(facts.getByText('+491701234567')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);

  // Somebody else with one of hers: it is said whose it is, and saved without it.
  await page.goto('/customers/new');
  await hydrated(page);
  await page.getByLabel('Name').fill('Otto Other');
  await page.getByLabel('E-mail address').fill('otto@mail.example');
  await channels.fill('X: @otto_x\ntelegram: TILDA_T');
  await page.getByRole('button', { name: 'Make customer' }).click();
  await expect(page.getByText('“Telegram: @tilda_t” is Tilda Telegraph already.')).toBeVisible();
  await expect(channels).toHaveValue('X: @otto_x\ntelegram: TILDA_T');
  await channels.fill('X: @otto_x');
  await page.getByRole('button', { name: 'Make customer' }).click();
  await expect(facts.getByText('@otto_x')).toBeVisible();
  const otto = page.url().split('?')[0];

  // Found as people write them.
  for (const typed of ['@tilda', 'telegram: tilda_t', '+49 170 1234']) {
    await page.goto(`/customers?q=${encodeURIComponent(typed)}`);
    await expect(page.getByRole('link', { name: 'Tilda Telegraph' })).toBeVisible();
  }

  // Changed on the form, which has what is there.
  await page.getByRole('link', { name: 'Tilda Telegraph' }).click();
  await page.getByRole('link', { name: 'Edit' }).click();
  await hydrated(page);
  await expect(channels).toHaveValue('Telegram: 123456789\nTelegram: @tilda_t (Tilda T.)\nWhatsApp: +491701234567');
  await expectAccessible(page);
  await channels.fill('Slack: u012ab3cd');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(facts.getByText('U012AB3CD')).toBeVisible();
  await expect(facts).not.toContainText('tilda_t');

  // What she gave up is free; and when two are one, that has all of it.
  await signIn(page, ADA);
  await page.goto(`${otto}/merge?q=tilda`);
  await hydrated(page);
  await page.getByRole('link', { name: 'Choose Tilda Telegraph' }).click();
  await expect(page.getByText('Phone numbers, channel identities and notes of both are kept.')).toBeVisible();
  await page.getByRole('button', { name: 'Merge' }).click();
  await expect(page.getByText('Merged:')).toBeVisible();
  await expect(facts.getByText('@otto_x')).toBeVisible();
  await expect(facts.getByText('U012AB3CD')).toBeVisible();
});
