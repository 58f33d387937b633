/** What accounts look like after something that cannot be opened by its address. */

import type { Page } from '@playwright/test';
import { hydrated } from '../support/fixtures.ts';
import { customer, PASSWORD, type Person, signUp } from '../support/people.ts';
import { mailboxOf } from '../support/server.ts';

/** A form that another site sends. */
export async function foreignForm(page: Page): Promise<void> {
  const { origin } = new URL(page.url());
  await page.goto('about:blank');
  await page.setContent(`<form method="post" action="${origin}/sign-in"><button>Send</button></form>`);
  await page.getByRole('button').click();
  await page.getByRole('heading').first().waitFor();
}

/** Somebody new, on their profile. */
async function profile(page: Page): Promise<Person> {
  const who = customer();
  await signUp(page, who);
  await page.goto('/portal/me');
  await hydrated(page);
  return who;
}

/** The link of a new address, where its owner is not signed in. */
export async function newAddress(page: Page): Promise<void> {
  await profile(page);
  const { email } = customer();
  await page.getByLabel('New e-mail address').fill(email);
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Send the link' }).click();
  const link = await mailboxOf(page.url()).link(email, '/new-address/');
  await page.context().clearCookies();
  await page.goto(link);
  await page.getByRole('button', { name: 'Use this address' }).click();
  await page.getByRole('heading', { name: 'Your new address is set' }).waitFor();
  await hydrated(page);
}

/** The profile after a new password of somebody who has a token of the API. */
export async function newPassword(page: Page): Promise<Person> {
  const who = await profile(page);
  await page.goto('/api-tokens');
  await page.getByLabel('Name').fill('Report');
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByRole('heading', { name: 'Your new token' }).waitFor();
  await page.goto('/portal/me');
  await hydrated(page);
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByLabel('New password').fill(`${PASSWORD} staple`);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('as good as before').waitFor();
  await hydrated(page);
  return who;
}

/** The mail that follows it. */
export async function newPasswordMail(page: Page): Promise<void> {
  const who = await newPassword(page);
  const html = await mailboxOf(page.url()).html(who.email, '/api-tokens');
  await page.goto('about:blank');
  await page.setContent(html);
}
