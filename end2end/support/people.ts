import { expect, type Page } from '@playwright/test';
import { hydrated } from './fixtures.ts';
import { mailboxOf } from './server.ts';

/** Somebody who can sign in. The addresses are of the domain for examples (RFC 2606). */
export type Person = { name: string; email: string };

/** The password of everybody in the journeys. */
export const PASSWORD = 'correct horse battery';

/** A customer whom no other test has: journeys share the server of their worker. */
export function customer(name = 'Jana Weiß'): Person {
  return { name, email: `customer-${crypto.randomUUID()}@acme.example` };
}

/** Registers a customer by the page's form, and confirms the address by the mail; they are signed in afterwards. */
export async function signUp(page: Page, who: Person): Promise<void> {
  await page.goto('/sign-up');
  await page.getByLabel('Your name').fill(who.name);
  await page.getByLabel('E-mail address').fill(who.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByRole('heading', { name: 'Look into your mailbox' })).toBeVisible();
  await page.goto(await mailboxOf(page.url()).link(who.email, '/confirm/'));
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Confirm and sign in' }).click();
  await expect(page).toHaveURL('/portal');
}

/** Signs in by the page's form, and waits until it has been left. */
export async function signIn(page: Page, who: Person): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(who.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).not.toHaveURL(/sign-in/);
}

/** The first person of a new server: a superadmin. */
export const ADA: Person = { name: 'Ada Admin', email: 'ada@desk.example' };

/** Sets a new server up: its superadmin is signed in afterwards. */
export async function setDeskUp(page: Page): Promise<void> {
  await page.goto('/set-up');
  await page.getByLabel('Your name').fill(ADA.name);
  await page.getByLabel('E-mail address').fill(ADA.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create the superadmin' }).click();
  await expect(page).toHaveURL(/tickets/);
}

/** Makes the company Acme, whose people have addresses at acme.example. */
export async function makeAcme(page: Page): Promise<void> {
  await page.goto('/companies/new');
  await hydrated(page);
  await page.getByLabel('Name').fill('Acme');
  await page.getByLabel('Domains').fill('acme.example');
  await page.getByRole('button', { name: 'Make company' }).click();
  await expect(page).toHaveURL(/companies\/\d+/);
}
