-- What the first migration makes beside the tables. Runs on PostgreSQL 15 and later.

-- The time, in milliseconds since 1970. Tests freeze it, or step it back, for one session.
CREATE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(
        nullif(current_setting('heliograph.frozen_clock_ms', true), '')::bigint,
        floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

CREATE FUNCTION clock_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT to_timestamp(clock_ms() / 1000.0)
$$;

CREATE FUNCTION shard_of(id bigint) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ((id >> 10) & 8191)::integer
$$;

-- A hybrid logical clock: milliseconds since 2025-01-01 times 1024, plus a count. It follows the wall clock but
-- never goes back, and a millisecond that is used up borrows from the next. The lock makes "look and move forward"
-- one step. It is given back at once, not at commit, by ending the block with an exception: what PostgreSQL rolls
-- back it unlocks, also where the statement is cancelled between two lines. Sequences are not rolled back.
CREATE FUNCTION mint_id(shard integer) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    clock regclass := ('id_clock_' || shard)::regclass;
    target bigint := (clock_ms() - 1735689600000) << 10;
    tick bigint;
BEGIN
    BEGIN
        PERFORM pg_advisory_xact_lock(7430122, shard);
        tick := nextval(clock);
        IF tick < target THEN
            tick := setval(clock, target);
        END IF;
        RAISE SQLSTATE 'HG002';
    EXCEPTION WHEN SQLSTATE 'HG002' THEN
        NULL;
    END;
    RETURN ((tick >> 10) << 23) | (shard::bigint << 10) | (tick & 1023);
END
$$;

-- A clock for each shard that this node holds.
CREATE FUNCTION make_id_clocks() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    owned integer;
BEGIN
    FOR owned IN SELECT m.shard FROM shard_map m JOIN node_identity n ON n.number = m.node LOOP
        IF to_regclass('id_clock_' || owned) IS NULL THEN
            EXECUTE format('CREATE SEQUENCE id_clock_%s MINVALUE 0 START 0 NO CYCLE', owned);
        END IF;
    END LOOP;
END
$$;

-- A transaction writes one logical shard: the one that it named when it began.
CREATE FUNCTION refuse_other_shard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a write to % outside the transaction''s shard (%)', TG_TABLE_NAME,
        coalesce(nullif(current_setting('heliograph.shard', true), ''), 'none named')
        USING ERRCODE = 'HG001';
END
$$;

CREATE FUNCTION hold_to_one_shard(held regclass, key text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    named text := 'current_setting(''heliograph.shard'', true)';
    shard text := CASE key WHEN 'shard' THEN '%s.shard' ELSE '((%s.' || quote_ident(key) || ' >> 10) & 8191)' END;
BEGIN
    EXECUTE format('CREATE TRIGGER one_shard BEFORE INSERT OR UPDATE ON %s FOR EACH ROW'
        ' WHEN ((' || shard || ')::text IS DISTINCT FROM %s) EXECUTE FUNCTION refuse_other_shard()',
        held, 'NEW', named);
    EXECUTE format('CREATE TRIGGER one_shard_delete BEFORE DELETE ON %s FOR EACH ROW'
        ' WHEN ((' || shard || ')::text IS DISTINCT FROM %s) EXECUTE FUNCTION refuse_other_shard()',
        held, 'OLD', named);
END
$$;
