-- What a customer has written, newest first. By the time that is said of it: an archive that is taken in later is older.
create index events_written on events (actor_id, at desc, id desc) where kind = 'message.customer';
