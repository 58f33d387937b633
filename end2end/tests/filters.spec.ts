import { MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible } from '../support/fixtures.ts';
import { live } from '../support/tickets.ts';

test('an address that names what there is not says so, and the rest of it holds', async ({ page }) => {
  await signIn(page, MIA);
  await live(page, '/tickets?status=bogus&assignee=999999&urgency=dire&tag=999&company=x&sort=never&requester=y');
  const unknown = page.getByRole('link', { name: /^Unknown .* Remove$/ });
  for (const what of ['status: bogus', 'assignee: 999999', 'urgency: dire', 'tag: 999', 'company: x', 'order: never', 'customer: y']) {
    await expect(unknown.filter({ hasText: what })).toBeVisible();
  }
  await expect(page.getByText('No ticket fits these filters.')).toBeVisible();
  await expectAccessible(page);

  // Each is taken out by itself; what means nothing at all has never held anything back.
  for (const what of ['assignee: 999999', 'tag: 999']) await unknown.filter({ hasText: what }).click();
  await expect(page.getByRole('region', { name: 'Tickets' }).getByRole('listitem').first()).toBeVisible();
  await expect(page).toHaveURL(/status=bogus/);
  await expect(page).not.toHaveURL(/assignee|tag=/);
  await page.getByRole('link', { name: 'Clear filters' }).click();
  await unknown.filter({ hasText: 'order: never' }).click();
  await expect(unknown).toHaveCount(0);
  await expect(page).toHaveURL(/\/tickets$/);
});

test("a customer's tickets are named as such in the list", async ({ page }) => {
  await signIn(page, MIA);
  await live(page, '/tickets');
  await page.getByRole('region', { name: 'Tickets' }).getByRole('listitem').first().getByRole('link').click();
  await page.getByRole('complementary').locator('.customer__name').click();
  const chip = page.getByRole('link', { name: 'One customer. Remove' });
  await expect(chip).toBeVisible();
  await chip.click();
  await expect(page).not.toHaveURL(/requester/);
});
