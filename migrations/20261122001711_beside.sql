-- What opens somebody's account beside the password.
create view ways_beside as
    select u.id as user_id,
        array(select p.name from passkeys p where p.user_id = u.id order by p.id) as passkeys,
        exists (select from totp t where t.user_id = u.id and t.confirmed_at is not null) as app,
        (select count(*) from recovery_codes r where r.user_id = u.id) as recovery_codes
    from users u;
