-- Only this way in.

alter table providers
    -- Whether the people that it is for come in by it and in no other way.
    add column only_way boolean not null default false,
    add constraint providers_only_way check (not only_way or audience <> 'everybody');

-- Who is bound to which way in. The one place that says so.
--
-- A directory binds whoever is connected with somebody there, and customers with an address in a domain of their company's, for
-- it knows their passwords. One that is marked as the only way in binds users of its company and people on staff who are connected
-- there or have an address in its domains.
--
-- Whoever may everything is bound by a directory alone, and only without a password here: somebody has to know theirs.
create view ways_bound as
select p.id as provider_id, p.kind, p.name, p.only_way, p.audience, u.id as user_id, i.subject,
       u.role = 'superadmin' as exempt
from providers p
    join users u on u.role <> 'superadmin' or (p.kind = 'ldap' and u.password_hash is null)
    left join identities i on i.provider_id = p.id and i.user_id = u.id
where p.enabled and (p.kind = 'ldap' or p.only_way) and u.merged_into is null and u.erased_at is null
    and (case p.audience
             when 'company' then u.role = 'customer' and (u.company_id is null or u.company_id = p.company_id)
             when 'staff' then u.role <> 'customer'
             else false
         end
         and (i.id is not null
              or ((p.only_way or p.audience = 'company')
                  and exists (select 1 from user_emails e
                              where e.user_id = u.id
                                  and (split_part(e.address, '@', 2) = any(p.domains)
                                       or split_part(e.address, '@', 2) in (select d.domain from company_domains d
                                                                            where d.company_id = p.company_id)))))
         -- Who is connected with a directory has their password there, wherever they belong by now.
         or (p.kind = 'ldap' and i.id is not null));
