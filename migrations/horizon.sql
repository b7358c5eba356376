-- The horizon: an id below which every id is of something committed, or of nothing. docs/protocols.md proves it.

-- As before (foundation.sql), and never below the transaction's own start, nor below the floor. The transaction is
-- given its number first, so that whoever looks for the horizon knows that it writes.
CREATE OR REPLACE FUNCTION mint_id(shard integer) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    clock regclass := ('id_clock_' || shard)::regclass;
    writer xid8 := pg_current_xact_id();
    target bigint;
    tick bigint;
BEGIN
    target := greatest(
        clock_ms() - 1735689600000,
        floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint - 1735689600000,
        (SELECT last_value FROM id_floor)
    ) << 10;
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

-- First the floor is raised, then it is looked who writes. What is lost of the floor in a crash is of its last moment.
CREATE FUNCTION id_horizon() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    present bigint;
    oldest bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    BEGIN
        PERFORM pg_advisory_xact_lock(7430122, -1);
        present := (SELECT last_value FROM id_floor);
        IF present < clock_ms() - 1735689600000 THEN
            present := setval('id_floor', clock_ms() - 1735689600000);
        END IF;
        RAISE SQLSTATE 'HG002';
    EXCEPTION WHEN SQLSTATE 'HG002' THEN
        NULL;
    END;
    PERFORM pg_stat_clear_snapshot();
    SELECT floor(extract(epoch FROM min(a.xact_start)) * 1000)::bigint - 1735689600000 INTO oldest
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      AND a.backend_xid IS NOT NULL;
    RETURN greatest(least(present, oldest), 0) << 23;
END
$$;
