"""Texts and the entities that they have, by hand from UAX #31 (R8, with the profile of services/entities/hashtags.py).

`⟦…⟧` stands around what is an entity; the values follow in order. The first part has a word of each script in the same
surroundings, the second what is particular.
"""

# Script: a word, the hashtag's name for it, and a word that is no entity.
WORDS = {
    "Latin": ("Straße", "strasse", "ça"),
    "Latin of Vietnam": ("Việt_Nam", "việt_nam", "đẹp"),
    "Cyrillic": ("Лето2024", "лето2024", "море"),
    "Greek": ("Θάλασσα", "θάλασσα", "ήλιος"),
    "Arabic": ("الْبَحْر", "الْبَحْر", "جميل"),
    "Arabic of Iran": ("می‌خواهم", "می‌خواهم", "دریا"),
    "Hebrew": ("שָׁלוֹם", "שָׁלוֹם", "ים"),
    "Devanagari": ("हिन्दी", "हिन्दी", "समुद्र"),
    "Bengali": ("বাংলাদেশ", "বাংলাদেশ", "সাগর"),
    "Tamil": ("தமிழ்நாடு", "தமிழ்நாடு", "கடல்"),
    "Sinhala": ("ශ්‍රී", "ශ්‍රී", "ලංකා"),
    "Thai": ("ทะเลสวย", "ทะเลสวย", "น้ำใส"),
    "Myanmar": ("မြန်မာ", "မြန်မာ", "ပင်လယ်"),
    "Han": ("东京塔", "东京塔", "很美"),
    "Hiragana and Katakana": ("ジョン・レノン", "ジョン・レノン", "きれい"),
    "Hangul": ("바다여행", "바다여행", "좋아요"),
    "Georgian": ("თბილისი", "თბილისი", "ზღვა"),
    "Armenian": ("Հայաստան", "հայաստան", "ծով"),
    "Ethiopic": ("አዲስአበባ", "አዲስአበባ", "ባሕር"),
    "Emoji": ("👩🏽‍🚀🇯🇵", "👩🏽‍🚀🇯🇵", "🌊"),
}

# `W` the word, `N` a word that is no entity; `V` in the values the word's name.
SURROUNDINGS = (
    ("⟦#W⟧", "V"),
    ("N ⟦#W⟧ N", "V"),
    ("(⟦#W⟧), N", "V"),
    ("N!⟦#W⟧…", "V"),
    ("⟦＃W⟧。N", "V"),
    ("⟦#W⟧\n⟦@Anna.K⟧: N.", "V anna.k"),
    ("🌅⟦#W⟧ N 🏖️", "V"),
    ("\u200f⟦#W⟧\u200f ⟦https://example.com/a?b=c#a⟧", "V https://example.com/a?b=c#a"),
    ("«⟦#W⟧» — ⟦example.com/x⟧.", "V https://example.com/x"),
    ("⟦#W_1-2⟧ # N #", "V_1-2"),
    ("⟦#W⟧ mail@example.com ⟦#a⟧", "V a"),
)

PARTICULAR = (
    # Numbers, signs alone, signs within words
    ("#", ""),
    ("@", ""),
    ("# a", ""),
    ("#2024", ""),
    ("#٢٠٢٤", ""),
    ("#१२३", ""),
    ("#1-2_3", ""),
    ("#_", ""),
    ("#-", ""),
    ("⟦#2024a⟧", "2024a"),
    ("a#b", ""),
    ("слово#слово", ""),
    ("東京#塔", ""),
    ("⟦#one⟧#two", "one"),
    ("#⟦#a⟧", "a"),
    ("1#a", ""),
    ("_#a", ""),
    ("e\u0301#a", ""),
    ("abc.⟦#def⟧", "def"),
    ("-⟦#a⟧", "a"),
    ("/⟦#a⟧", "a"),
    ("#!a", ""),
    ("⟦#covid-19⟧", "covid-19"),
    ("⟦#c++⟧", "c++"),
    ("⟦#don⟧'t", "don"),
    ("⟦#don⟧’t", "don"),
    ("*⟦#sale⟧*", "sale"),
    ("⟦#a⟧,⟦#b⟧;⟦#c⟧", "a b c"),
    ("⟦#a⟧&b", "a"),
    ("⟦#a⟧/b", "a"),
    ("⟦#a⟧.b", "a"),
    ("⟦#wow⟧‼", "wow"),
    ("⟦#wow⟧⁉️", "wow"),
    ("⟦﹟small⟧", "small"),
    ("#\u3164", ""),
    ("#\ufe0f", ""),
    ("#\u200d", ""),
    # One name for one hashtag
    ("⟦#ＦＵＬＬ⟧", "full"),
    ("⟦#ﬁn⟧", "fin"),
    ("⟦#Å⟧ ⟦#A\u030a⟧ ⟦#\u212b⟧", "å å å"),
    ("⟦#ΣΊΣΥΦΟΣ⟧", "σίσυφοσ"),
    ("⟦#Ⅳ⟧", "iv"),
    ("⟦#ﾊﾝｶｸ⟧", "ハンカク"),
    ("⟦#İ⟧", "i̇"),
    ("⟦#ᏣᎳᎩ⟧", "ᏣᎳᎩ"),
    ("#ﷺ", ""),
    ("⟦#lo\u200dve⟧", "love"),
    ("⟦#lo⟧\u00adve", "lo"),
    ("⟦#❤️⟧ ⟦#❤⟧", "❤ ❤"),
    ("⟦#葛\U000e0100⟧", "葛"),
    # Joiners
    ("⟦#नव\u200d⟧", "नव"),
    ("⟦#क्\u200dष⟧", "क्\u200dष"),
    ("⟦#ന്\u200d⟧", "ന്\u200d"),
    ("⟦#خانه\u200cها⟧", "خانه\u200cها"),
    ("⟦#خانه\u200c⟧", "خانه"),
    ("⟦#দেশ্\u200c⟧", "দেশ্\u200c"),
    # Emoji
    ("⟦#👨\u200d👩\u200d👧\u200d👦⟧", "👨\u200d👩\u200d👧\u200d👦"),
    ("⟦#👍🏿⟧ 👍🏿", "👍🏿"),
    ("⟦#🇩🇪🇫🇷⟧", "🇩🇪🇫🇷"),
    ("⟦#1️⃣⟧", "1⃣"),
    ("⟦#a*️⃣⟧", "a*⃣"),
    ("#️⃣", ""),
    ("#⃣a", ""),
    ("#️⃣⟦#a⟧", "a"),
    ("⟦#🏳️\u200d🌈⟧", "🏳\u200d🌈"),
    ("⟦#I❤️NY⟧", "i❤ny"),
    (
        "⟦#🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f⟧",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ),
    ("❤️⟦#love⟧", "love"),
    ("ℹ️⟦#info⟧", "info"),
    ("⟦#sun🌞⟧⟦#sea⟧", "sun🌞 sea"),
    ("👍🏽⟦@anna⟧", "anna"),
    ("1️⃣⟦#one⟧", "one"),
    # Mentions
    ("⟦@anna⟧", "anna"),
    ("⟦@Anna_1.b⟧.", "anna_1.b"),
    ("⟦＠anna⟧", "anna"),
    ("⟦@a⟧..b", "a"),
    ("@.a", ""),
    ("⟦@_⟧", "_"),
    ("⟦@anna⟧…", "anna"),
    ("⟦@anna⟧’s", "anna"),
    ("⟦@anna⟧,⟦@ben⟧", "anna ben"),
    ("@anna@ben", ""),
    ("a@b", ""),
    ("⟦@anna⟧さん", "anna"),
    ("⟦@anna⟧님", "anna"),
    ("⟦@anna⟧は", "anna"),
    ("⟦@anna⟧ー", "anna"),
    ("⟦@anna⟧、", "anna"),
    ("⟦@anna⟧和", "anna"),
    ("⟦@anna⟧ค่ะ", "anna"),
    ("@josé", ""),
    ("@jose\u0301", ""),
    ("@аnna", ""),
    ("@annа", ""),
    ("مع ⟦@anna⟧، هنا", "anna"),
    ("עם ⟦@anna⟧.", "anna"),
    ("写真@anna", ""),
    (f"⟦@{'a' * 30}⟧", "a" * 30),
    (f"@{'a' * 31}", ""),
    ("(⟦@anna⟧)", "anna"),
    ("@ anna", ""),
    ("⟦@K⟧", "k"),
    ("@\u212a", ""),
    ("⟦@anna⟧❤️", "anna"),
    ("⟦@anna⟧/⟦#b⟧", "anna b"),
    ("⟦#a⟧@b", "a"),
    # Addresses
    ("a.b+c@example.com", ""),
    ("mailto:a@example.com", ""),
    ("<a@example.com>", ""),
    ("@a@example.com", ""),
    ("ü@example.com", ""),
    ("⟦https://example.com⟧", "https://example.com"),
    ("⟦http://example.com/⟧,", "http://example.com/"),
    ("⟦HTTPS://Example.com/A⟧", "https://Example.com/A"),
    ("⟦www.example.com⟧!", "https://www.example.com"),
    ("(⟦example.com/a_(b)⟧)", "https://example.com/a_(b)"),
    ("⟦example.com⟧?", "https://example.com"),
    ("⟦https://example.com/@anna/#b⟧", "https://example.com/@anna/#b"),
    ("ftp://example.com", ""),
    ("javascript://example.com", ""),
    ("//example.com", ""),
    ("https://a:b@example.com/#c", ""),
    ("⟦https://пример.рф/путь⟧।", "https://пример.рф/путь"),
    ("⟦пример.рф⟧", "https://пример.рф"),
    ("看⟦https://example.com/路⟧。好", "https://example.com/路"),
    ("「⟦https://example.com⟧」", "https://example.com"),
    ("（⟦example.com⟧）", "https://example.com"),
    ("⟦https://example.com/x⟧؟", "https://example.com/x"),
    ("⟦https://example.com⟧🎉", "https://example.com"),
    ("\u2067⟦https://example.com/ש⟧\u2069", "https://example.com/ש"),
    ("⟦https://xn--e1afmkfd.com/a⟧", "https://xn--e1afmkfd.com/a"),
    ("1.5", ""),
    ("e.g. a", ""),
    ("a.nosuchdomain", ""),
    ("⟦#example⟧.com", "example"),
    ("⟦@example.com⟧", "example.com"),
    ("⟦https://example.com/x⟧,\n⟦#a⟧", "https://example.com/x a"),
    ("http://", ""),
    ("⟦https://example.com/a,b⟧.", "https://example.com/a,b"),
)


def _unmarked(marked: str, values: list[str]) -> tuple[str, list[tuple[int, int, str, str]]]:
    """The text without its marks, and start, end, kind and value of what stood in them."""
    expected: list[tuple[int, int, str, str]] = []
    text, rest = "", marked
    while "⟦" in rest:
        before, _, rest = rest.partition("⟦")
        inside, _, rest = rest.partition("⟧")
        text += before
        kind = "HASHTAG" if inside[0] in "#﹟＃" else "MENTION" if inside[0] in "@＠" else "LINK"
        expected.append((len(text), len(text) + len(inside), kind, values[len(expected)]))
        text += inside
    assert len(values) == len(expected), marked
    return text + rest, expected


def _table() -> list[tuple[str, list[tuple[int, int, str, str]]]]:
    rows = []
    for word, name, other in WORDS.values():
        for marked, values in SURROUNDINGS:
            in_full = values.replace("V", name).split(" ")
            rows.append(_unmarked(marked.replace("N", other).replace("W", word), in_full))
    for marked, value in PARTICULAR:
        alone = marked.count("⟦") == 1
        rows.append(_unmarked(marked, [value] if alone else value.split()))
    return rows


TABLE = _table()
