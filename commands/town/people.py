"""The 200 people of the town: who they are, what they like, and how they sign in."""

import random
import unicodedata
from dataclasses import dataclass

from commands.town.pictures import Theme
from commands.town.words import INTERESTS, PLACES

SEED = 20250101
PEOPLE = 200
SIGN_INS = 3
"""The first of them, whose password is told."""
PRIVATE_EVERY = 14
"""One of so many has a private account."""
AVATAR_EVERY = 4

# As it is written / as it is spelled in a username, where that is not plain.
_NAMES = """
Ada Vance / ada; Teo Marsh / teo; Amara Okafor / amara; Chidi Eze; Ngozi Balogun; Tunde Adeyemi; Ifeoma Nwosu
Sade Bello; Emeka Obi; Yetunde Alabi; Zainab Musa; Kwame Mensah; Ama Boateng; Kofi Asante; Efua Owusu; Yaw Darko
Abena Osei; Wanjiru Kamau; Otieno Odhiambo; Achieng Omondi; Mwangi Njoroge; Nyambura Kariuki; Juma Hassan
Selam Tesfaye; Abebe Bekele; Hanna Girma; Dawit Alemu; Thandiwe Dlamini; Sipho Nkosi; Lerato Mokoena
Themba Zulu; Fatou Diop; Moussa Ndiaye; Aminata Traoré; Youssef Benali; Salma El Fassi; Karim Haddad
Nadia Mansour; Layla Khoury; Omar Nasser; Mariam Farouk; Hassan Amin; نور الدين / Nour Eldin
ليلى حداد / Leila Haddad; Shirin Ahmadi; Reza Karimi; Parisa Rostami; Arash Tehrani; Noa Levi; Eitan Cohen
Yael Mizrahi; דוד בן עמי / David Ben Ami; Elif Yılmaz; Mehmet Kaya; Zeynep Demir; Emre Şahin; Ayşe Çelik
Nino Beridze; Giorgi Kapanadze; Anahit Petrosyan; Aram Sargsyan; Aigerim Nurlan; Olga Ivanova
Дмитрий Соколов / Dmitri Sokolov; Анна Морозова / Anna Morozova; Oksana Shevchenko; Тарас Коваль / Taras Koval
Jelena Petrović; Marko Novak; Nikola Jovanović; Zofia Kowalska; Jakub Wiśniewski; Małgorzata Zając
Tomasz Wójcik; Eliška Nováková; Katarína Kováčová; Réka Nagy; Bence Szabó; Eszter Tóth; Ioana Popescu
Andrei Ionescu; Мария Георгиева / Maria Georgieva; Ελένη Παπαδοπούλου / Eleni Papadopoulou; Nikos Georgiou
Giulia Rossi; Luca Bianchi; Chiara Ferrari; Matteo Ricci; Lucía Fernández; Javier Ortega; Carmen Ruiz; Pau Vidal
Inês Carvalho; Tiago Almeida; Beatriz Sousa; Camille Lefèvre; Hugo Moreau; Chloé Girard; Théo Lambert
Zoë Janssen; Daan de Vries; Sanne Bakker; Lotte Peeters; Lena Hoffmann; Jonas Weber; Mia Schäfer
Greta Lindqvist; Nils Andersson; Freja Nielsen; Søren Kjær; Ingrid Haugen; Bjørn Solberg; Aino Virtanen
Mikko Laine; Rasa Kazlauskaitė; Jānis Bērziņš; Sigrún Jónsdóttir; Aoife Byrne; Cian Murphy; Niamh Doyle
Isla Campbell; Callum Fraser; Rhys Evans; Grace Turner; Oliver Hughes; Ruby Clarke; Maya Johnson; Harper Ellis
Elijah Carter; Naomi Begay; Takoda Redbird; Camila Rodríguez; Mateo González; Valentina Rojas; Diego Castillo
Ximena Flores; Santiago Vargas; Quetzal Ramos; Luana Oliveira; Rafael Souza; Bruna Costa; Thiago Lima
Killa Quispe; Amaru Mamani; Keoni Kahale; Leilani Akana; Aroha Ngata; Wiremu Parata; Mele Tupou; Sione Fonua
Jarrah Williams; Marlee Cooper; Priya Sharma; Arjun Patel; Ananya Iyer; नेहा वर्मा / Neha Verma; Kavya Reddy
Vikram Singh; Meera Nair; தமிழ் செல்வி / Tamil Selvi; Ayesha Khan; Bilal Ahmed; Sana Malik; Farhan Chowdhury
Nusrat Jahan; Dilshan Perera; Sita Gurung; Tashi Dorji; 山田 陽 / Haru Yamada; 佐藤 美咲 / Misaki Sato
Kenji Nakamura; Yuki Tanaka; 김민준 / Minjun Kim; 이서연 / Seoyeon Lee; Jiwoo Park; 王小明 / Xiaoming Wang
李娜 / Na Li; Wei Chen; Mei Lin; Nguyễn Minh Anh; Trần Quốc Bảo; Phạm Thu Hà; Siti Rahmawati; Budi Santoso
Dewi Lestari; Nurul Aisyah; Ahmad Faiz; Maria Santos; Jose Reyes; Althea Cruz; Somchai Srisuk; Malee Wongsa
Sokha Chea; Aung Kyaw; Batbayar Ganbold; Sarnai Bold; Pema Lhamo; Malia Fetu; Nanook Petersen; Aputsiaq Olsen
"""


@dataclass(frozen=True, slots=True)
class Resident:
    """`username` is the one wished for; who was here before the town may have it."""

    number: int
    username: str
    full_name: str
    bio: str
    themes: tuple[Theme, Theme]
    is_private: bool
    has_avatar: bool

    @property
    def email(self) -> str:
        return f"{self.username}@town.test"


def residents() -> list[Resident]:
    """The same 200 each time, with different usernames."""
    chance = random.Random(SEED)  # noqa: S311  a town, not a secret
    written = [one.strip() for line in _NAMES.strip().splitlines() for one in line.split(";")]
    return [_resident(number, name, chance) for number, name in enumerate(written)]


def _resident(number: int, written: str, chance: random.Random) -> Resident:
    full_name, _, spelled = (part.strip() for part in written.partition("/"))
    first, second = chance.sample(list(Theme), 2)
    words = chance.choice(INTERESTS[first]), chance.choice(INTERESTS[second])
    bio = f"{words[0]} {chance.choice(PLACES)}." if chance.random() < 0.5 else f"{words[0]} {words[1]}"
    return Resident(
        number=number,
        username=_username(spelled or full_name, chance.choice(["_", ".", ""])),
        full_name=full_name,
        bio=bio,
        themes=(first, second),
        is_private=number % PRIVATE_EVERY == PRIVATE_EVERY - 1,
        has_avatar=number % AVATAR_EVERY == 0,
    )


_PLAIN = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "æ": "ae", "đ": "d", "ß": "ss", "ð": "d", "þ": "th"})


def _username(name: str, between: str) -> str:
    """As an ASCII keyboard has it: Zoë Janssen is zoe_janssen."""
    decomposed = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    words = "".join(character for character in decomposed if not unicodedata.combining(character)).split()
    return between.join(words)
