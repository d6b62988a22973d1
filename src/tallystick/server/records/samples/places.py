"""Names of people, companies and places in several scripts, invented or common; nobody in particular is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """Where an account is: how people, companies and streets are called there."""

    country: str
    prefix: str  # of telephone numbers
    currency: str
    first: tuple[str, ...]
    last: tuple[str, ...]
    stems: tuple[str, ...]  # first words of companies
    trades: tuple[str, ...]  # second words
    forms: tuple[str, ...]  # legal forms
    cities: tuple[tuple[str, str, str], ...]  # city, state, postal code
    streets: tuple[str, ...]
    is_family_first: bool = False


LANDS: Final = (
    Land(
        country="Germany",
        prefix="+49 30",
        currency="EUR",
        first=(
            "Jürgen",
            "Änne",
            "Lukas",
            "Zoë",
            "Sören",
            "Mia",
            "Björn",
            "Käthe",
            "Emil",
            "Frieda",
            "Jonas",
            "Lina",
            "Uwe",
            "Gisela",
            "Özgür",
            "Leyla",
        ),
        last=(
            "Müller",
            "Lüdenscheid",
            "Groß",
            "Weiß",
            "Schröder",
            "König",
            "Yılmaz",
            "Böhm",
            "Krüger",
            "Jäger",
            "Fuchs",
            "Vogt",
            "Übel",
            "Sauer",
        ),
        stems=(
            "Nordhafen",
            "Elbtal",
            "Rheinberg",
            "Havelwerk",
            "Grünfeld",
            "Brückner",
            "Ostsee",
            "Schwarzwald",
            "Lindenhof",
            "Kranich",
        ),
        trades=(
            "Logistik",
            "Maschinenbau",
            "Pflege",
            "Energie",
            "Druck",
            "Labor",
            "Bäckerei",
            "Spedition",
            "Technik",
            "Medien",
        ),
        forms=("GmbH", "AG", "KG", "e. V."),
        cities=(
            ("Berlin", "Berlin", "10115"),
            ("München", "Bayern", "80331"),
            ("Köln", "Nordrhein-Westfalen", "50667"),
            ("Görlitz", "Sachsen", "02826"),
        ),
        streets=("Hauptstraße", "Lindenallee", "Am Kanal", "Goethestraße", "Werftweg"),
    ),
    Land(
        country="United Kingdom",
        prefix="+44 20",
        currency="GBP",
        first=(
            "Ada",
            "Siân",
            "Oliver",
            "Amelia",
            "Harry",
            "Niamh",
            "Owen",
            "Grace",
            "Alfie",
            "Isla",
            "Rhys",
            "Eilidh",
            "Femi",
            "Priya",
            "Callum",
            "Maeve",
        ),
        last=(
            "O'Hara",
            "Smith-Jones",
            "MacLeod",
            "Llewellyn",
            "Byron",
            "Okafor",
            "Patel",
            "Ashworth",
            "Fry",
            "Nkemelu",
        ),
        stems=(
            "Northwind",
            "Harbour",
            "Fairwater",
            "Oakridge",
            "Pennine",
            "Thistle",
            "Kestrel",
            "Millbrook",
            "Severn",
            "Albion",
        ),
        trades=(
            "Traders",
            "Dental",
            "Freight",
            "Foods",
            "Joinery",
            "Housing",
            "Robotics",
            "Textiles",
            "Marine",
            "Schools",
        ),
        forms=("Ltd", "plc", "LLP", "& Sons"),
        cities=(
            ("London", "", "EC1A 1BB"),
            ("Leeds", "West Yorkshire", "LS1 4AP"),
            ("Cardiff", "Wales", "CF10 1EP"),
            ("Inverness", "Highland", "IV1 1HY"),
        ),
        streets=("High Street", "Fleet Street", "Station Road", "Mill Lane", "Church Row"),
    ),
    Land(
        country="Россия",
        prefix="+7 495",
        currency="RUB",
        first=(
            "Анна",
            "Борис",
            "Виктория",
            "Глеб",
            "Дарья",
            "Ёлка",
            "Игорь",
            "Ксения",
            "Лев",
            "Мария",
            "Никита",
            "Ольга",
            "Пётр",
            "Семён",
            "Юлия",
            "Яна",
        ),
        last=(
            "Иваненко",
            "Соловьёв",
            "Кузнецова",
            "Орлов",
            "Медведев",
            "Зайцева",
            "Щукин",
            "Журавлёва",
            "Белов",
            "Чернова",
            "Тихонов",
        ),
        stems=("Северный", "Волга", "Заря", "Прогресс", "Берег", "Урал", "Рассвет", "Маяк", "Сокол", "Вектор"),
        trades=(
            "Сервис",
            "Логистика",
            "Энерго",
            "Монтаж",
            "Печать",
            "Лифт",
            "Медтехника",
            "Транспорт",
            "Связь",
            "Молоко",
        ),
        forms=("ООО", "АО", "ИП"),
        cities=(
            ("Москва", "", "101000"),
            ("Санкт-Петербург", "", "190000"),
            ("Казань", "Татарстан", "420000"),
            ("Йошкар-Ола", "Марий Эл", "424000"),
        ),
        streets=("ул. Ленина", "Садовая ул.", "пр. Мира", "Заводская ул.", "наб. Реки"),
    ),
    Land(
        country="日本",
        prefix="+81 3",
        currency="JPY",
        first=("太郎", "花子", "健太", "美咲", "大輔", "さくら", "翔", "結衣", "隆", "陽子"),
        last=("佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "山本", "髙﨑", "小林", "斎藤"),
        stems=("東海", "富士", "桜", "みなと", "北斗", "青葉", "日の出", "若葉"),
        trades=("物流", "電機", "食品", "印刷", "建設", "医療", "機械", "運輸"),
        forms=("株式会社", "合同会社"),
        cities=(("東京", "東京都", "100-0001"), ("大阪", "大阪府", "530-0001"), ("札幌", "北海道", "060-0001")),
        streets=("中央1-2-3", "本町4-5", "桜町2-1", "港南3-8"),
        is_family_first=True,
    ),
    Land(
        country="中国",
        prefix="+86 21",
        currency="CNY",
        first=("伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "洋"),
        last=("王", "李", "张", "刘", "陈", "杨", "黄", "赵", "欧阳", "吴"),
        stems=("华兴", "长江", "金桥", "东方", "海龙", "瑞丰", "明珠", "天山"),
        trades=("物流", "电子", "食品", "建筑", "医疗", "机械", "纺织", "能源"),
        forms=("有限公司", "集团"),
        cities=(("上海", "上海市", "200000"), ("深圳", "广东省", "518000"), ("成都", "四川省", "610000")),
        streets=("南京路", "人民路", "中山路", "解放路"),
        is_family_first=True,
    ),
    Land(
        country="مصر",
        prefix="+20 2",
        currency="EGP",
        first=("أحمد", "فاطمة", "محمد", "مريم", "يوسف", "ليلى", "عمر", "سارة", "خالد", "نور"),
        last=("المصري", "حسن", "الشافعي", "إبراهيم", "منصور", "عبدالله", "سليمان", "فهمي"),
        stems=("النيل", "الأهرام", "القاهرة", "الواحة", "الشروق", "الدلتا"),
        trades=("للنقل", "للأغذية", "للطباعة", "للطاقة", "للصيانة"),
        forms=("ش.م.م", "وشركاه"),
        cities=(("القاهرة", "", "11511"), ("الإسكندرية", "", "21500")),
        streets=("شارع التحرير", "شارع النيل", "طريق الكورنيش"),
    ),
    Land(
        country="India",
        prefix="+91 80",
        currency="INR",
        first=("आरव", "अनन्या", "विवान", "दिया", "अर्जुन", "मीरा", "कबीर", "सारा", "रोहन", "तारा"),
        last=("शर्मा", "वर्मा", "गुप्ता", "सिंह", "पटेल", "नायर", "राव", "जोशी"),
        stems=("Kaveri", "Himalaya", "Deccan", "Lotus", "Indus", "Banyan", "Sahyadri", "Coromandel"),
        trades=("Textiles", "Pharma", "Agro", "Motors", "Logistics", "Cables", "Pumps", "Software"),
        forms=("Pvt Ltd", "Ltd", "& Co"),
        cities=(
            ("Bengaluru", "Karnataka", "560001"),
            ("मुंबई", "महाराष्ट्र", "400001"),
            ("Chennai", "Tamil Nadu", "600001"),
        ),
        streets=("M.G. Road", "Station Road", "Gandhi Nagar", "Lake View"),
    ),
    Land(
        country="Ελλάδα",
        prefix="+30 21",
        currency="EUR",
        first=("Γιώργος", "Μαρία", "Νίκος", "Ελένη", "Δημήτρης", "Σοφία", "Κώστας", "Αγγελική"),
        last=("Παπαδόπουλος", "Νικολάου", "Γεωργίου", "Οικονόμου", "Αντωνίου", "Βασιλείου"),
        stems=("Αιγαίο", "Όλυμπος", "Θάλασσα", "Ήλιος", "Δελφοί"),
        trades=("Τεχνική", "Τρόφιμα", "Μεταφορές", "Ενέργεια"),
        forms=("ΑΕ", "ΕΠΕ"),
        cities=(("Αθήνα", "Αττική", "105 57"), ("Θεσσαλονίκη", "", "546 24")),
        streets=("Ερμού", "Σταδίου", "Αθηνάς"),
    ),
    Land(
        country="Brasil",
        prefix="+55 11",
        currency="BRL",
        first=("João", "Conceição", "Thiago", "Antônia", "Luís", "Beatriz", "Otávio", "Cecília", "Raí", "Jéssica"),
        last=("da Silva", "Gonçalves", "de Assunção", "Araújo", "Simões", "Brandão", "Muñoz", "Sepúlveda"),
        stems=("Ipê", "Amazônia", "Pampas", "Litoral", "Cerrado", "Jatobá", "Horizonte", "Maré"),
        trades=("Transportes", "Alimentos", "Elevadores", "Gráfica", "Saúde", "Energia", "Química"),
        forms=("Ltda", "S.A.", "ME"),
        cities=(("São Paulo", "SP", "01000-000"), ("Recife", "PE", "50000-000"), ("Florianópolis", "SC", "88000-000")),
        streets=("Rua Augusta", "Avenida Atlântica", "Rua das Flores", "Praça da Sé"),
    ),
)

MANUFACTURERS: Final = (
    "Aldermere", "Birkholt", "Corvane", "Dunsel", "Estervik", "Fenmark", "Gelder & Sohn", "Hokuto", "Ishigaki",
    "Jurassa", "Kestra", "Lumenor", "Morava", "Norwend", "Oresund", "Pallas", "Quenby", "Rostova", "Silvan", "Tavira",
)  # fmt: skip
"""Invented."""

SUBTYPES: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "IT hardware": (
        ("Notebook", "NB", "Notebook"),
        ("Desktop", "DT", "Desktop"),
        ("Server", "SRV", "Server"),
        ("Printer", "PRN", "Printer"),
        ("Switch", "SW", "Switch"),
        ("Phone", "PH", "Phone"),
        ("Monitor", "MON", "Display"),
    ),
    "Facility": (("Pump", "PMP", "Pump"), ("Lift", "LFT", "Lift"), ("Boiler", "BLR", "Boiler")),
    "Vehicle": (("Van", "VAN", "Van"), ("Forklift", "FLT", "Forklift")),
}
"""Asset type -> subtype, its code, first word of its models."""

TROUBLES: Final = (
    "does not start", "is slow", "makes a noise", "cannot be reached", "shows an error", "leaks", "needs a new part",
    "asks for a password", "prints blank pages", "is due for inspection", "has to be moved", "was dropped",
)  # fmt: skip
JOBS: Final = (
    "Technician", "Head of purchasing", "Nurse", "Driver", "Plant manager", "Receptionist", "Bookkeeper", "Engineer",
    "IT administrator", "Managing director", "Caretaker", "Buyer", "Team lead", "Analyst", "Designer",
)  # fmt: skip
INDUSTRIES: Final = ("Logistics", "Health", "Food", "Education", "Energy", "Printing", "Public sector", "Retail")
DEPARTMENTS: Final = ("Finance", "Operations", "IT", "Sales", "Facilities", "Laboratory", "Reception")
SYSTEMS: Final = ("Windows 11 Pro", "Windows Server 2022", "Ubuntu 24.04", "macOS 15", "Debian 12")
