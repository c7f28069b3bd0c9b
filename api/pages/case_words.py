"""What the details of a complaint are called at the desk. Codes: referrals/intake.py. Her choices
are shown in the words that she pressed (bot/content/labels.yml).

Names of places abroad: ISO 3166-2, in the Khmer that the training data knows them by first
(nlu/data/places_abroad.yml).
"""

from collections.abc import Mapping

from api.words import mark

GROUPS: Mapping[str, str] = {
    "who": mark("Who and where"),
    "what": mark("More about what happened"),
    "papers": mark("Papers and evidence"),
    "help": mark("What help is wanted"),
    "safe": mark("Safety"),
}
DETAILS: Mapping[str, str] = {
    "name": mark("Name"),
    "person": mark("The person it happened to"),
    "agency": mark("Recruitment agency or broker"),
    "employer": mark("Employer"),
    "place": mark("Where it happened"),
    "dates": mark("When it happened"),
    "money": mark("Sums of money"),
    "witnesses": mark("Witnesses"),
    "contract": mark("Contract"),
    "receipts": mark("Receipts"),
    "pay_slips": mark("Pay slips"),
    "passport": mark("Passport or identity paper"),
    "messages": mark("Messages from a phone"),
    "photos": mark("Photos"),
    "medical": mark("Medical papers"),
    "police": mark("Police papers"),
    "done": mark("What was done already"),
    "wants": mark("What the person wants"),
    "age": mark("Age"),
    "counsellor": mark("Would rather talk with"),
    "speak": mark("Speaks"),
    "safe_time": mark("Safe time"),
    "safe_way": mark("Safe way"),
    "support": mark("Needs help with"),
    "not_see": mark("Must not see it"),
}
SECTOR = mark("Kind of work")
DESTINATION = mark("Works in")
CLOSED_BY: Mapping[str, str] = {
    "migrant": mark("The person who complained"),
    "office": mark("An office"),
}
SATISFIED: Mapping[str, str] = {
    "yes": mark("Content"),
    "partly": mark("Partly content"),
    "no": mark("Not content"),
}
MONEY: Mapping[str, str] = {
    "all": mark("All of it"),
    "part": mark("A part"),
    "none": mark("None of it"),
}
CLOSED = mark("Closed on")
CLOSED_FROM = mark("Closed by")
HER_CONTENT = mark("Is the person content?")
HER_MONEY = mark("Did the money come?")

ABROAD: Mapping[str, tuple[str, str]] = {
    "TH-10": ("បាងកក", "Bangkok"),
    "TH-11": ("សាមុតប្រាកាន", "Samut Prakan"),
    "TH-12": ("ននថាបុរី", "Nonthaburi"),
    "TH-13": ("បាទុមថានី", "Pathum Thani"),
    "TH-14": ("អយុធ្យា", "Ayutthaya"),
    "TH-15": ("អាងថង", "Ang Thong"),
    "TH-16": ("លពបុរី", "Lop Buri"),
    "TH-17": ("ស៊ីងបុរី", "Sing Buri"),
    "TH-18": ("ឆៃណាត", "Chai Nat"),
    "TH-19": ("សារ៉ាបុរី", "Saraburi"),
    "TH-20": ("ឈុនបុរី", "Chon Buri"),
    "TH-21": ("រ៉ាយ៉ង", "Rayong"),
    "TH-22": ("ចន្ទបុរី", "Chanthaburi"),
    "TH-23": ("ត្រាត់", "Trat"),
    "TH-24": ("ឆាឆឹងសៅ", "Chachoengsao"),
    "TH-25": ("ប្រាចីនបុរី", "Prachin Buri"),
    "TH-26": ("នគរនាយក", "Nakhon Nayok"),
    "TH-27": ("ស្រះកែវ", "Sa Kaeo"),
    "TH-30": ("នគររាជសីមា", "Nakhon Ratchasima"),
    "TH-31": ("បុរីរម្យ", "Buri Ram"),
    "TH-32": ("សុរិន្ទ", "Surin"),
    "TH-33": ("ស៊ីសាកេត", "Si Sa Ket"),
    "TH-34": ("ឧបលរាជធានី", "Ubon Ratchathani"),
    "TH-35": ("យសោធរ", "Yasothon"),
    "TH-36": ("ឆៃយ៉ាភូម", "Chaiyaphum"),
    "TH-37": ("អាំណាតចារ៉ឺន", "Amnat Charoen"),
    "TH-38": ("ប៊ឹងកាន", "Bueng Kan"),
    "TH-39": ("ណងបួឡាំភូ", "Nong Bua Lam Phu"),
    "TH-40": ("ខនកែន", "Khon Kaen"),
    "TH-41": ("ឧត្តរធានី", "Udon Thani"),
    "TH-42": ("លើយ", "Loei"),
    "TH-43": ("ណងខាយ", "Nong Khai"),
    "TH-44": ("មហាសារខាម", "Maha Sarakham"),
    "TH-45": ("រ៉យអេត", "Roi Et"),
    "TH-46": ("កាឡាស៊ីន", "Kalasin"),
    "TH-47": ("សកលនគរ", "Sakon Nakhon"),
    "TH-48": ("ណាខនផាណុម", "Nakhon Phanom"),
    "TH-49": ("មុកដាហាន", "Mukdahan"),
    "TH-50": ("ឈៀងម៉ៃ", "Chiang Mai"),
    "TH-51": ("ឡាំភូន", "Lamphun"),
    "TH-52": ("ឡាំប៉ាង", "Lampang"),
    "TH-53": ("ឧត្តរឌិត្ថ", "Uttaradit"),
    "TH-54": ("ប្រែ", "Phrae"),
    "TH-55": ("ណាន", "Nan"),
    "TH-56": ("ផាយ៉ៅ", "Phayao"),
    "TH-57": ("ឈៀងរ៉ាយ", "Chiang Rai"),
    "TH-58": ("ម៉ែហុងសន", "Mae Hong Son"),
    "TH-60": ("ណាខនសាវ៉ាន់", "Nakhon Sawan"),
    "TH-61": ("ឧទ័យធានី", "Uthai Thani"),
    "TH-62": ("កំផែងផេត", "Kamphaeng Phet"),
    "TH-63": ("តាក់", "Tak"),
    "TH-64": ("សុខោទ័យ", "Sukhothai"),
    "TH-65": ("ភីតសានុលោក", "Phitsanulok"),
    "TH-66": ("ភីចិត", "Phichit"),
    "TH-67": ("ផេតឆាប៊ូន", "Phetchabun"),
    "TH-70": ("រាជបុរី", "Ratchaburi"),
    "TH-71": ("កញ្ចនបុរី", "Kanchanaburi"),
    "TH-72": ("សុពណ៌បុរី", "Suphan Buri"),
    "TH-73": ("នគរបឋម", "Nakhon Pathom"),
    "TH-74": ("សាមុតសាខន", "Samut Sakhon"),
    "TH-75": ("សាមុតសុងក្រាម", "Samut Songkhram"),
    "TH-76": ("ផេតបុរី", "Phetchaburi"),
    "TH-77": ("ប្រាចួបគិរីខាន់", "Prachuap Khiri Khan"),
    "TH-80": ("នគរស្រីធម្មរាជ", "Nakhon Si Thammarat"),
    "TH-81": ("ក្រាប៊ី", "Krabi"),
    "TH-82": ("ផាងង៉ា", "Phangnga"),
    "TH-83": ("ភូកេត", "Phuket"),
    "TH-84": ("សុរាស្ត្រធានី", "Surat Thani"),
    "TH-85": ("រ៉ានង", "Ranong"),
    "TH-86": ("ឈុមផន", "Chumphon"),
    "TH-90": ("សុងខ្លា", "Songkhla"),
    "TH-91": ("សាទូន", "Satun"),
    "TH-92": ("ត្រាំង", "Trang"),
    "TH-93": ("ផាត់ថាលុង", "Phatthalung"),
    "TH-94": ("ប៉ាតានី", "Pattani"),
    "TH-95": ("យ៉ាឡា", "Yala"),
    "TH-96": ("នរាធិវាស", "Narathiwat"),
    "MY-01": ("ជហូរ", "Johor"),
    "MY-02": ("កេដាហ៍", "Kedah"),
    "MY-03": ("កេឡាន់តាន", "Kelantan"),
    "MY-04": ("ម៉ាឡាកា", "Melaka"),
    "MY-05": ("ណេហ្គ្រីសេមប៊ីឡាន", "Negeri Sembilan"),
    "MY-06": ("ប៉ាហាំង", "Pahang"),
    "MY-07": ("ប៉េណាំង", "Penang"),
    "MY-08": ("ពេរ៉ាក់", "Perak"),
    "MY-09": ("ពើលីស", "Perlis"),
    "MY-10": ("សេឡាង័រ", "Selangor"),
    "MY-11": ("តេរ៉េងហ្គានូ", "Terengganu"),
    "MY-12": ("សាបាស", "Sabah"),
    "MY-13": ("សារ៉ាវ៉ាក់", "Sarawak"),
    "MY-14": ("កូឡាឡាំពួរ", "Kuala Lumpur"),
    "MY-15": ("ឡាប៊ូអាន", "Labuan"),
    "MY-16": ("ពុត្រាចាយ៉ា", "Putrajaya"),
}
"""Provinces of Thailand and states of Malaysia: names in Khmer and English."""


def place_abroad(code: str, language: str) -> str:
    """Name a place abroad; a code that is not known is shown as it is."""
    names = ABROAD.get(code)
    return code if names is None else names[0 if language == "km" else 1]
