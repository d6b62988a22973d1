"""Three hundred invented people with names as the world writes them, the same ones every time.

Given and family names of each language are combined in turn; whoever has the same name as somebody is only a
coincidence. Addresses end in `.example`, and numbers are of ranges or lengths that reach nobody.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

COUNT: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """Names of one language; `code` is the country's calling code."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    companies: tuple[str, ...]
    cities: tuple[str, ...]
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    number: int  # from 1
    first_name: str
    last_name: str
    company: str
    job_title: str
    email: str
    phone: str
    mobile: str
    city: str
    note: str


def _tongue(given: str, family: str, companies: str, cities: str, code: str) -> Tongue:
    return Tongue(
        given=tuple(given.split()),
        family=tuple(name.replace("_", " ") for name in family.split()),
        companies=tuple(companies.split("/")),
        cities=tuple(cities.split("/")),
        code=code,
    )


TONGUES: Final = (
    _tongue(
        "Amelia Oliver Priya Noah Siân Callum",
        "O'Neill Smith-Jones Okafor MacDonald Fraser",
        "Northwind Lifts/Ferry & Sons",
        "Leeds/Cardiff",
        "44",
    ),
    _tongue(
        "Jürgen Käthe Björn Sören Änne Mareike",
        "Müller Großmann Schäfer Weiß von_der_Heide",
        "Kälte Weiß GmbH/Aufzüge Süd AG",
        "Köln/Düsseldorf",
        "49",
    ),
    _tongue(
        "Chloé François Zoé Jérôme Anaïs Loïc",
        "Lefèvre Dubois Guérin L'Hôpital Beauchêne",
        "Ascenseurs du Rhône/Froid & Cie",
        "Besançon/Orléans",
        "33",
    ),
    _tongue(
        "José María Íñigo Begoña Ángel Lucía",
        "García_Muñoz Peña Núñez_de_Castro Ibáñez Güell",
        "Climatización Peña S.L./Grúas del Sur",
        "A Coruña/Málaga",
        "34",
    ),
    _tongue(
        "Łukasz Żaneta Grzegorz Świętosława Michał Wójcik",
        "Brzęczyszczykiewicz Kowalski Zieliński Wąs Dąbrowska",
        "Dźwigi Łódź sp. z o.o./Chłodnictwo Śląsk",
        "Łódź/Gdańsk",
        "48",
    ),
    _tongue(
        "Åsa Øyvind Søren Ragnhild Þórdís Mikkel",
        "Ångström Bjørnsen Sæther Guðmundsdóttir Kjærgaard",
        "Heiskompaniet AS/Køleteknik ApS",
        "Ålesund/Ærøskøbing",
        "47",
    ),
    _tongue(
        "Çağla İbrahim Şule Oğuz Gülşen Ilgın",
        "Yılmaz Öztürk Çelik Şahin Ağaoğlu",
        "Asansör İnşaat A.Ş./Işık Soğutma",
        "İzmir/Şanlıurfa",
        "90",
    ),
    _tongue(
        "Trần Nguyễn Phạm Đặng Lê Vũ",
        "Thị_Hường Quốc_Đạt Ngọc_Ánh Văn_Dũng Bảo_Trâm",
        "Công ty Thang máy Việt/Điện lạnh Hà Nội",
        "Hà Nội/Đà Nẵng",
        "84",
    ),
    _tongue(
        "Анна Дмитро Святослав Ольга Юлія Тарас",
        "Шевченко Ковальчук Гнатюк Їжакевич Щербина",
        "Ліфт-Сервіс/Холод Плюс",
        "Київ/Харків",
        "380",
    ),
    _tongue(
        "Νίκος Ελένη Γιώργος Κατερίνα Σπύρος Αθηνά",
        "Παπαδόπουλος Οικονόμου Χατζή Ζωγράφου Μπλέτσας",
        "Ανελκυστήρες Αττικής/Ψύξη ΑΕ",
        "Αθήνα/Θεσσαλονίκη",
        "30",
    ),
    _tongue(
        "ليلى محمد فاطمة يوسف نور خالد",
        "الحسن المصري بن_سالم الخطيب عبد_الرحمن",
        "شركة المصاعد المتحدة/تبريد الخليج",
        "القاهرة/عمّان",
        "20",
    ),
    _tongue(
        "נועה דוד תמר יעל איתן שירה", "כהן לוי בן־דוד מזרחי פרידמן", "מעליות הצפון/קירור ושות׳", "חיפה/תל אביב", "972"
    ),
    _tongue(
        "प्रिया अर्जुन दीपिका राहुल अनन्या विक्रम",
        "शर्मा पटेल अय्यर चट्टोपाध्याय सिंह",
        "भारत लिफ्ट सेवा/शीतल इंजीनियरिंग",
        "मुंबई/जयपुर",
        "91",
    ),
    _tongue(
        "ณัฐพล สุดารัตน์ ธนกร พิมพ์ชนก อนันต์ วราภรณ์",
        "ศรีสุข วงศ์ใหญ่ จันทร์เพ็ญ แก้วมณี ทองดี",
        "ลิฟต์สยาม/ความเย็นกรุงเทพ",
        "กรุงเทพฯ/เชียงใหม่",
        "66",
    ),
    _tongue("伟 秀英 敏 静 浩然 子涵", "王 李 欧阳 陈 诸葛", "上海电梯有限公司/北方制冷", "上海/成都", "86"),
    _tongue(
        "陽菜 健太 さくら 翔 美咲 大輔",
        "佐藤 鈴木 髙橋 渡邊 小笠原",
        "東京昇降機株式会社/北海道冷機",
        "東京/札幌",
        "81",
    ),
    _tongue("서연 민준 하은 도윤 지우 예준", "김 이 박 남궁 황보", "서울엘리베이터/한강냉동", "서울/부산", "82"),
    _tongue(
        "გიორგი ნინო ლევან თამარ დავით მარიამ",
        "ბერიძე კაპანაძე გელაშვილი მაისურაძე ლომიძე",
        "თბილისის ლიფტი/სიცივე",
        "თბილისი/ბათუმი",
        "995",
    ),
    _tongue(
        "Արամ Անի Հայկ Նարե Տիգրան Լուսինե",
        "Պետրոսյան Հակոբյան Սարգսյան Գրիգորյան Ղազարյան",
        "Երևան Լիֆտ/Հով",
        "Երևան/Գյումրի",
        "374",
    ),
    _tongue(
        "Adébáyọ̀ Chiamaka Ngozi Olúwáṣeun Thandiwe Kwame",
        "Adéyẹmí Nwosu Ọláníyan Mthembu Asante",
        "Lagos Lift Works/Cool Savanna",
        "Abẹ́òkúta/Accra",
        "234",
    ),
)
TITLES: Final = (
    "Facility manager",
    "Head of service",
    "Technician",
    "Purchasing",
    "Site engineer",
    "Dispatcher",
    "CEO",
    "Accounts",
)
NOTES: Final = (
    "",
    "",
    "",
    "Prefers mornings.",
    "Key with the porter 🔑",
    "Second entrance, ring twice.\nDog in the yard!",
)


def people() -> Iterator[Person]:
    """All of them, by number; everybody has an address of their own."""
    for index in range(COUNT):
        tongue = TONGUES[index % len(TONGUES)]
        turn = index // len(TONGUES)
        given = tongue.given[turn % len(tongue.given)]
        family = tongue.family[(turn + turn // len(tongue.given)) % len(tongue.family)]
        company = tongue.companies[turn % len(tongue.companies)]
        number = index + 1
        yield Person(
            number=number,
            first_name=unicodedata.normalize("NFC", given),
            last_name=unicodedata.normalize("NFC", family),
            company=company,
            job_title=TITLES[index * 7 % len(TITLES)],
            email=f"{_plain(given)}{number}@{_plain(company)}.example",
            phone=f"+{tongue.code} 555 {number:04}",
            mobile=f"+{tongue.code} 777 {number * 37 % 10000:04}",
            city=tongue.cities[turn % len(tongue.cities)],
            note=NOTES[index * 5 % len(NOTES)],
        )


def _plain(text: str) -> str:
    """ASCII letters of `text` for a mail address; `person` or so where it has none."""
    spelled = unicodedata.normalize("NFD", text.lower()).encode("ascii", "ignore").decode("ascii")
    return "".join(char for char in spelled if char.isalnum()) or "mail"
