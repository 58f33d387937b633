import { JANA, MIA, signIn, test } from '../support/demo.ts';
import { expect, hydrated } from '../support/fixtures.ts';
import { newTicket, replyField } from '../support/tickets.ts';

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
