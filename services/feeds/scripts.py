"""The timelines' scripts, which run inside Redis, each on keys of one hash slot, and how a timeline looks.

A timeline is one string: a head of 24 bytes, and behind it post ids, 8 bytes big-endian each, ascending, each once.

    token (8) + run (8) + floor (8)

`token` is zeros where it is ready: it holds every post above the floor. Else it is being built, `token` is this
building's name, and the floor is zeros. All ids are above the floor, which so stands like a lowest id before them.

`run` names this life of the Redis server. One that was restarted may have come back older than it was, without
pushes that it had acknowledged; so a timeline of an earlier life is thrown away when it is met.

A string, since what is done most is to append at the end: that touches the two ends of it, where a sorted set of as
many members is walked through, and an id takes 8 bytes (16 at most, of what Redis sets aside to grow), not 77.
"""

from services.scripts import Script

_COMMON = r"""
local call, sub, bytes = redis.call, string.sub, struct.unpack
local HEAD, READY = 24, string.rep('\0', 8)

local function head_of(key)
    local head = call('GETRANGE', key, 0, 23)
    if head == '' then
        return nil
    end
    if sub(head, 9, 16) ~= run then
        call('DEL', key)
        return nil
    end
    return head
end

-- Of two ids. Lua's own comparison of strings follows the server's locale.
local function less(one, other)
    local high, low = bytes('>I4I4', one)
    local high2, low2 = bytes('>I4I4', other)
    return high < high2 or (high == high2 and low < low2)
end

local function id_at(ids, place)
    return sub(ids, 8 * place + 1, 8 * place + 8)
end

-- How many of `count` ascending ids are below `id`. Looked for from the end, where it mostly is.
local function below(get, count, id)
    local left, right, step = count - 1, count, 1
    while left >= 0 and not less(get(left), id) do
        right, left, step = left, left - step, step * 2
    end
    left = math.max(left, -1)
    while right - left > 1 do
        local middle = math.floor((left + right) / 2)
        if less(get(middle), id) then
            left = middle
        else
            right = middle
        end
    end
    return right
end

-- The part of ascending ids that is above a floor.
local function above(ids, floor)
    if #ids == 0 or less(floor, ids) then
        return ids
    end
    local get = function(place) return id_at(ids, place) end
    local under = below(get, #ids / 8, floor)
    if id_at(ids, under) == floor then
        under = under + 1
    end
    return sub(ids, 8 * under + 1)
end

-- Both, ascending, each once; and how many of `more` were not in `ids`.
local function union(ids, more)
    if #ids == 0 or #more == 0 or less(sub(ids, -8), more) then
        return ids .. more, #more / 8
    end
    local both, i, j, new = {}, 0, 0, 0
    while 8 * i < #ids and 8 * j < #more do
        local one, other = id_at(ids, i), id_at(more, j)
        if one == other then
            j = j + 1
        elseif less(one, other) then
            both[#both + 1], i = one, i + 1
        else
            both[#both + 1], j, new = other, j + 1, new + 1
        end
    end
    both[#both + 1] = sub(ids, 8 * i + 1)
    both[#both + 1] = sub(more, 8 * j + 1)
    return table.concat(both), new + #more / 8 - j
end

-- Some more than needed at once, so that a full timeline is not trimmed at every push.
local function trim(key, size, length)
    local over = (size - HEAD) / 8 - length
    if over > 0 then
        over = over + math.floor(length / 16)
        local kept = call('GETRANGE', key, HEAD + 8 * (over - 1), -1)
        call('SET', key, READY .. run .. kept, 'KEEPTTL')
    end
end
"""


def _script(body: str) -> Script:
    return Script(_COMMON + body)


# KEYS one timeline; ARGV upper bound, count, milliseconds to keep it, a token, milliseconds that building may take.
# Gives the ids, ascending, in one string, behind it the floor if they came down to it; of one that is not ready the
# token.
READ = _script(r"""
local key, bound, count = KEYS[1], ARGV[1], tonumber(ARGV[2])
local head = head_of(key)
if not head then
    call('SET', key, ARGV[4] .. run .. READY, 'PX', ARGV[5])
    return ARGV[4]
end
if sub(head, 1, 8) ~= READY then
    return sub(head, 1, 8)
end
-- Within an hour of the last time, the refresh is not worth a write.
if call('PTTL', key) < ARGV[3] - 3600000 then
    call('PEXPIRE', key, ARGV[3])
end
local function get(place)
    return call('GETRANGE', key, HEAD + 8 * place, HEAD + 8 * place + 7)
end
local last = below(get, (call('STRLEN', key) - HEAD) / 8, bound)
local first = math.max(last - count, 0)
local ids = last > first and call('GETRANGE', key, HEAD + 8 * first, HEAD + 8 * last - 1) or ''
local floor = sub(head, 17)
if last < count and less(floor, bound) then
    return {ids, floor}
end
return {ids}
""")

# KEYS timelines; ARGV length, ids, ascending. Gives the number of ids that were put in. The head is looked at only
# where it matters: what is appended to a timeline of an earlier life is thrown away with it by whoever reads it.
PUSH = _script(r"""
local limit, added = HEAD + 8 * ARGV[1], 0
local all, high, low = table.concat(ARGV, '', 2), bytes('>I4I4', ARGV[2])
local several = #ARGV - 1

local function put(key, ids)
    local function get(place)
        return call('GETRANGE', key, HEAD + 8 * place, HEAD + 8 * place + 7)
    end
    local place = HEAD + 8 * below(get, (call('STRLEN', key) - HEAD) / 8, ids)
    local tail, new = union(call('GETRANGE', key, place, -1), ids)
    added = added + new
    return new > 0 and call('SETRANGE', key, place, tail) or 0
end

for i = 1, #KEYS do
    local key = KEYS[i]
    local last = call('GETRANGE', key, -8, -1)
    if last ~= '' then
        local size = 0
        local high2, low2 = bytes('>I4I4', last)
        if high2 < high or (high2 == high and low2 < low) then
            size = call('APPEND', key, all)
            added = added + several
        else
            local head = head_of(key)
            local ids = head and above(all, sub(head, 17)) or ''
            if #ids > 0 then
                size = put(key, ids)
            end
        end
        if size > limit then
            local head = head_of(key)
            if head and sub(head, 1, 8) == READY then
                trim(key, size, tonumber(ARGV[1]))
            end
        end
    end
end
return added
""")

# KEYS timelines; ARGV ids. Gives the number of ids taken out. Who builds one may have read them before, so that one is
# given up.
TAKE_OUT = _script(r"""
local gone, few, taken = {}, #ARGV <= 8, 0
for i = 1, #ARGV do
    gone[ARGV[i]] = true
end

local function without_few(ids)
    for i = 1, #ARGV do
        local at = string.find(ids, ARGV[i], 1, true)
        while at and at % 8 ~= 1 do
            at = string.find(ids, ARGV[i], at + 1, true)
        end
        if at then
            ids = sub(ids, 1, at - 1) .. sub(ids, at + 8)
        end
    end
    return ids
end

local function without_many(ids)
    local kept = {}
    for place = 0, #ids / 8 - 1 do
        local id = id_at(ids, place)
        if not gone[id] then
            kept[#kept + 1] = id
        end
    end
    return table.concat(kept)
end

for i = 1, #KEYS do
    local head = head_of(KEYS[i])
    if head and sub(head, 1, 8) ~= READY then
        call('DEL', KEYS[i])
    elseif head then
        local ids = call('GETRANGE', KEYS[i], HEAD, -1)
        local kept = few and without_few(ids) or without_many(ids)
        if #kept < #ids then
            call('SET', KEYS[i], head .. kept, 'KEEPTTL')
            taken = taken + (#ids - #kept) / 8
        end
    end
end
return taken
""")

# KEYS one timeline; ARGV token, floor, length, milliseconds to keep it, ids ascending in one string. Gives 1, or 0 if
# it is another one.
FINISH = _script(r"""
local key = KEYS[1]
local head = head_of(key)
if not head or sub(head, 1, 8) == READY or sub(head, 1, 8) ~= ARGV[1] then
    return 0
end
local ids = above(union(ARGV[5], call('GETRANGE', key, HEAD, -1)), ARGV[2])
call('SET', key, READY .. run .. ARGV[2] .. ids, 'PX', ARGV[4])
trim(key, HEAD + #ids, tonumber(ARGV[3]))
return 1
""")

# KEYS one timeline; ARGV token. What could not be built is taken away.
ABANDON = _script(r"""
local head = head_of(KEYS[1])
if head and sub(head, 1, 8) ~= READY and sub(head, 1, 8) == ARGV[1] then
    call('DEL', KEYS[1])
end
""")

# KEYS one timeline; ARGV floor, length, ids ascending in one string: all of one author's above that floor. The higher
# floor holds from now on. Below one that is being built nothing can be said of the author's older posts, so that is
# given up.
MERGE = _script(r"""
local key, floor = KEYS[1], ARGV[1]
local head = head_of(key)
if not head then
    return
end
if sub(head, 1, 8) ~= READY then
    call('DEL', key)
    return
end
if less(floor, sub(head, 17)) then
    floor = sub(head, 17)
end
local ids = above(union(call('GETRANGE', key, HEAD, -1), ARGV[3]), floor)
call('SET', key, READY .. run .. floor .. ids, 'KEEPTTL')
trim(key, HEAD + #ids, tonumber(ARGV[2]))
""")
