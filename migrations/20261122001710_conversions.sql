-- A customer changes their company, and very many tickets go along: batch by batch, like those of people and companies that
-- are merged.

alter table errands drop constraint errands_kind_check, drop constraint errands_check1, drop constraint errands_check3;
-- 'convert': tickets of a customer go along from the company that they have left to the one that they have come to; either may
-- be none. `reached`: up to this number, from the highest one down. What they ask for later is not meant.
alter table errands add constraint errands_kind_check check (kind in ('merge_customers', 'merge_companies', 'erase', 'convert'));
alter table errands add constraint errands_companies check (case kind
    when 'merge_companies' then company_id is not null and gone_company_id is not null
    when 'convert' then company_id is distinct from gone_company_id
    else company_id is null and gone_company_id is null end);
-- Of a company only one merge at once; any number of people may come to it meanwhile.
drop index errands_one_of_company;
create unique index errands_one_of_company on errands (company_id) where ended_at is null and kind = 'merge_companies';
