import type { Page } from '@playwright/test';
import { ADA, JANA, signIn } from '../support/demo.ts';
import { hydrated } from '../support/fixtures.ts';
import { mailboxOf } from '../support/server.ts';
import { newTicket } from '../support/tickets.ts';

/** By the address of the server. */
const known = new Map<string, Promise<string>>();

/** Has a requester asked by mail how their ticket was solved. Returns the page of the mail's link. */
export async function asked(page: Page): Promise<string> {
  await page.goto('/sign-in');
  const { origin } = new URL(page.url());
  const link = known.get(origin) ?? ask(page, origin);
  known.set(origin, link);
  return link;
}

async function ask(page: Page, baseURL: string): Promise<string> {
  const ada = await page.context().browser()?.newPage({ baseURL });
  if (!ada) throw new Error('no browser');
  await signIn(ada, ADA);
  await ada.goto('/settings/satisfaction');
  await hydrated(ada);
  await ada.getByLabel('Ask by mail').check();
  await ada.getByLabel('Hours from solving').fill('0');
  await ada.getByRole('button', { name: 'Save' }).click();
  await ada.getByText('Saved.').waitFor();
  const id = await newTicket(ada, { subject: 'The label printer on the third floor prints every label twice' });
  await ada.goto(`/tickets/${id}`);
  await hydrated(ada);
  await ada.keyboard.press('e');
  const link = await mailboxOf(baseURL).mail(JANA, '/rate/').then((text) => /\/rate\/[\w-]+/.exec(text)?.[0] ?? '');
  await ada.context().close();
  return link;
}

/** Shows the mail itself, as programs that read mails show it: without anything of the page. */
export async function showMail(page: Page): Promise<void> {
  await asked(page);
  const html = await mailboxOf(page.url()).html(JANA, '/rate/');
  await page.goto('about:blank');
  await page.setContent(html);
}
