import type { Page } from '@playwright/test';
import { ADA, JANA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { newTicket } from '../support/tickets.ts';

async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await hydrated(page);
}

/** Goes to an address within the application, as by a link. */
async function follow(page: Page, address: string): Promise<void> {
  await page.evaluate((address) => {
    const link = document.createElement('a');
    link.href = address;
    document.querySelector('main')?.append(link);
    link.click();
    link.remove();
  }, address);
}

test('what could not be fetched says so, and is there upon another try', async ({ page, openPage, allowErrors }) => {
  allowErrors(/Failed to load resource/);
  await signIn(page, ADA);
  const id = await newTicket(page);
  const failing = async (page: Page, from: string, to: string) => {
    await open(page, from);
    await page.route('**/rpc/**', (route) => route.abort());
    await follow(page, to);
    const again = page.getByRole('main').getByRole('button', { name: 'Try again' });
    await expect(again.last(), to).toBeVisible();
    await page.unroute('**/rpc/**');
    // A page of several parts has a button for each.
    for (let left = await again.count(); left > 0; left--) {
      await again.last().focus();
      await page.keyboard.press('Enter');
      await expect(again, to).toHaveCount(left - 1);
    }
    // The focus has not gone with the button.
    await expect(page.locator('body:focus'), to).toHaveCount(0);
    expect(await page.evaluate(() => document.activeElement?.tagName), to).not.toBe('BODY');
  };
  for (const [from, to] of [
    ['/board', '/tickets'],
    ['/tickets', `/tickets/${id}`],
    [`/tickets/${id}`, `/tickets/${id}/history`],
    ['/tickets', '/board'],
    ['/tickets', '/search?q=printer'],
    ['/tickets', '/me'],
    ['/tickets', '/settings/priority'],
    ['/tickets', '/settings/board'],
    ['/tickets', '/settings/mails'],
  ] as const) {
    await failing(page, from, to);
  }
  const jana = await openPage();
  await signIn(jana, JANA);
  for (const [from, to] of [
    ['/portal/new', '/portal'],
    ['/portal', `/portal/tickets/${id}`],
    ['/portal', '/portal/me'],
  ] as const) {
    await failing(jana, from, to);
  }
});

test('what a server that is away could not give is there once it is back', async ({ page, openPage, server, allowErrors }) => {
  allowErrors(/Failed to load resource|ERR_|WebSocket/);
  await signIn(page, ADA);
  const id = await newTicket(page, { subject: 'Conveyor belt two' });
  const jana = await openPage();
  await signIn(jana, JANA);
  // The parts of the pages are there already.
  await open(page, `/tickets/${id}`);
  await open(page, '/board');
  await open(jana, `/portal/tickets/${id}`);
  await open(jana, '/portal');
  await server.kill();
  await follow(page, '/tickets');
  await follow(jana, `/portal/tickets/${id}`);
  const again = (page: Page) => page.getByRole('main').getByRole('button', { name: 'Try again' });
  await expect(again(page)).toBeVisible();
  await expect(again(jana)).toBeVisible();
  await again(jana).focus();
  await server.startAgain();
  await expect(page.getByRole('region', { name: 'Tickets' }).getByText('Conveyor belt two')).toBeVisible();
  await expect(jana.getByRole('heading', { name: 'Conveyor belt two' })).toBeVisible();
  // The focus has not gone with the button.
  await expect(jana.locator('body:focus')).toHaveCount(0);
  expect(await jana.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY');
});

test('what is on its way shows its place, and what is fetched anew a bar', async ({ page }) => {
  await signIn(page, ADA);
  const id = await newTicket(page);
  const held = async (from: string, to: string, look: () => Promise<void>) => {
    await open(page, from);
    let answer = () => {};
    const asked = new Promise<void>((go) => (answer = go));
    await page.route('**/rpc/**', async (route) => {
      await asked;
      await route.continue();
    });
    await follow(page, to);
    await look();
    answer();
    await expect(page.locator('.skeleton'), to).toHaveCount(0);
    await expect(page.locator('html[data-pending]'), to).toHaveCount(0);
    await page.unroute('**/rpc/**');
  };
  for (const [from, to] of [
    ['/board', '/tickets'],
    ['/tickets', `/tickets/${id}`],
    ['/tickets', `/tickets/${id}/history`],
    ['/tickets', '/board'],
    ['/tickets', '/search?q=printer'],
    ['/tickets', '/me'],
    ['/tickets', '/settings/mails'],
  ] as const) {
    await held(from, to, () => expect(page.getByRole('main').locator('.skeleton').first(), to).toBeVisible());
  }
  await held('/tickets', '/tickets?assignee=none', async () => {
    await expect(page.getByRole('heading', { name: 'Unassigned' })).toBeVisible();
    await expect(page.locator('html[data-pending]')).toBeAttached();
  });
});

test('the menu of oneself closes as menus do', async ({ page, openPage }) => {
  await signIn(page, ADA);
  await open(page, '/tickets');
  const jana = await openPage();
  await signIn(jana, JANA);
  await open(jana, '/portal');
  for (const [who, opener, item] of [
    [page, page.getByRole('navigation', { name: 'Main', exact: true }).locator('summary'), 'Profile and devices'],
    [jana, jana.locator('summary'), 'Profile and devices'],
  ] as const) {
    const link = who.getByRole('link', { name: item });
    await opener.focus();
    await who.keyboard.press('Enter');
    await expect(link).toBeVisible();
    await expectAccessible(who);
    await who.keyboard.press('Tab');
    await expect(link).toBeFocused();
    await who.keyboard.press('Escape');
    await expect(link).toBeHidden();
    await expect(opener).toBeFocused();
    await who.keyboard.press('Enter');
    await who.keyboard.press('Shift+Tab');
    await expect(link).toBeHidden();
    await opener.click();
    await who.getByRole('main').click({ position: { x: 5, y: 5 } });
    await expect(link).toBeHidden();
    await opener.click();
    await link.click();
    await expect(who).toHaveURL(/\/me$/);
    await hydrated(who);
    await expect(link).toBeHidden();
  }
});
