import { MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible } from '../support/fixtures.ts';
import { live } from '../support/tickets.ts';

test('an address that names what there is not says so, and the rest of it holds', async ({ page }) => {
  await signIn(page, MIA);
  await live(page, '/tickets?status=bogus&assignee=999999&urgency=dire&tag=999&company=x&sort=never&requester=y');
  const unknown = page.getByRole('link', { name: /^Unknown .* Remove$/ });
  for (const what of ['status: bogus', 'person: 999999', 'urgency: dire', 'tag: 999', 'company: x', 'order: never', 'customer: y']) {
    await expect(unknown.filter({ hasText: what })).toBeVisible();
  }
  await expect(page.getByText('No ticket fits these filters.')).toBeVisible();
  await expectAccessible(page);

  // Each is taken out by itself; what means nothing at all has never held anything back.
  await unknown.filter({ hasText: 'tag: 999' }).click();
  // Where nothing is found, the way on is offered right there.
  await page.getByRole('link', { name: 'Take off “Unknown person: 999999”' }).click();
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
  await page.locator(".ticket__meta a").first().click();
  const chip = page.getByRole('link', { name: 'One customer. Remove' });
  await expect(chip).toBeVisible();
  await chip.click();
  await expect(page).not.toHaveURL(/requester/);
});

test('beside a ticket the filters take one line, and what is set is in it', async ({ page }) => {
  await signIn(page, MIA);
  await live(page, '/tickets');
  const chip = (name: string) => page.getByRole('button', { name, exact: true });
  const all = chip('All filters');
  await expect(chip('Assignee')).toBeVisible();
  await expect(chip('Tag')).toBeHidden();
  await all.click();
  await expect(all).toHaveAttribute('aria-expanded', 'true');
  await expect(chip('Tag')).toBeVisible();
  await chip('Importance').click();
  await page.getByRole('menuitemradio', { name: 'High' }).click();
  await expect(page).toHaveURL(/importance=high/);
  await all.click();
  await expect(chip('Tag')).toBeHidden();
  await expect(chip('Importance: High')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Clear filters' })).toBeVisible();
  const height = async (name: string) => (await chip(name).boundingBox())?.y;
  expect(await height('Importance: High')).toBe(await height('All filters'));
  // A row is two lines.
  await page.getByRole('link', { name: 'Clear filters' }).click();
  const row = page.getByRole('region', { name: 'Tickets' }).getByRole('listitem').first();
  await expect.poll(async () => (await row.boundingBox())?.height).toBeLessThan(60);
  await expectAccessible(page);
});

test('where nothing fits the filters, both list and board offer to go on without', async ({ page }) => {
  await signIn(page, MIA);
  for (const [place, empty] of [['/tickets', 'Nothing here'], ['/board', 'No cards']] as const) {
    await live(page, `${place}?assignee=999998&company=999997`);
    await expect(page.getByText(empty)).toBeVisible();
    const off = page.getByRole('link', { name: /^Take off “Unknown/ });
    await expect(off).toHaveCount(2);
    await expectAccessible(page);
    await off.filter({ hasText: 'person: 999998' }).click();
    await expect(page).toHaveURL(`${place}?company=999997`);
    await off.filter({ hasText: 'company: 999997' }).click();
    await expect(page).toHaveURL(place);
    await expect(page.getByRole('main').getByRole('listitem').first()).toBeVisible();
  }
  // One that is known, but has nothing: all filters can be taken off.
  await live(page, '/tickets?status=closed&tag=1&urgency=critical&importance=low&assignee=none');
  await page.getByRole('link', { name: 'Take all filters off' }).click();
  await expect(page).toHaveURL('/tickets');
});
