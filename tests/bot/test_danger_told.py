"""Danger is heard beside whatever else is told; ordinary life is no danger."""

import pytest

from bot.danger import danger
from bot.text import normalise


def _kind(text: str) -> str | None:
    return danger(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "My boss locked me in the house and took my passport",
        "ថៅកែឃុំខ្ញុំក្នុងបន្ទប់ ដកយកប៉ាស្ព័រ",
        "ថៅកែចាក់សោខ្ញុំក្នុងបន្ទប់ ហើយយកប៉ាស្ព័រខ្ញុំ",
        "thaoke jak sor nhom knong pteah yok passport nhom",
        "They locked me in the room and took my passport and phone",
        "boss lock us in the house every night, keep passport",
        "he locks me, no food, has my documents",
        "ថៅកែស្រីចាក់សោទុកខ្ញុំក្នុងផ្ទះ ប៉ាស្ព័រក៏នៅនឹងគាត់",
        "tauke jak sor yerng knong bontob, ekasar ke yok os",
        "madam lock me inside when she go out and my passport she hold",
        "passport taken, room locked, two weeks inside",
        "ថៅកែយកប៉ាស្ព័រ ចាក់សោបន្ទប់មិនឱ្យយើងចេញ",
    ],
)
def test_who_is_locked_in_is_heard_though_the_passport_is_taken(text: str) -> None:
    assert _kind(text) == "confinement"


@pytest.mark.parametrize(
    "text",
    [
        "locked my passport in a cupboard",
        "I locked my phone, forgot the PIN",
        "boss keeps my passport locked in his drawer",
        "ke yok passport yerng chak sor knong tou",
        "ថៅកែយកប៉ាស្ព័រកម្មករទាំងអស់ទៅចាក់សោក្នុងទូ",
        "my facebook account is locked help me open it",
        "ទូរស័ព្ទខ្ញុំជាប់សោ ភ្លេចលេខកូដ",
        "I forgot the key and I am locked out of my room",
        "គេសុំចាក់សោម៉ូតូ",
    ],
)
def test_things_that_are_locked_are_no_danger(text: str) -> None:
    assert _kind(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "They beat me because I cannot pay the loan",
        "broker beat my brother for the loan",
        "ប្តីវាយខ្ញុំដោយសារលេងហ្គេម",
        "ប្តីខ្ញុំចាញ់បាល់ មកវាយខ្ញុំ",
        "He beats me every day, if I run the police arrest me because no passport",
        "police catch us and beat us",
        "they beat us in the detention center",
        "ខ្ញុំត្រូវគេវាយ សុំសំណងបានទេ",
        "my friend died, they beat us and no compensation",
        "My boss beats me and says he will call immigration",
        "ថៅកែវាយខ្ញុំ ថានឹងឱ្យប៉ូលិសចាប់ខ្ញុំ",
        "ប្តីខ្ញុំស្រវឹងមើលបាល់ចប់ មកទាត់ខ្ញុំ",
        "thaoke vay nhom tha nung hao police oy chab nhom",
        "គេវាយពួកខ្ញុំក្នុងមន្ទីរឃុំឃាំងអន្តោប្រវេសន៍",
        "ប្តីវាយខ្ញុំ តើអង្គការណាជួយ",
        "he beats me every day, if I run where can I go",
    ],
)
def test_no_side_remark_silences_who_is_beaten(text: str) -> None:
    assert _kind(text) == "violence"


@pytest.mark.parametrize(
    "text",
    [
        "Since last month my boss beats me every day",
        "តាំងពីខែមុនមក ថៅកែវាយខ្ញុំរាល់ថ្ងៃ",
        "ពីមុនល្អ តែឥឡូវវាយខ្ញុំ",
        "tang pi khae mun mok ke vay nhom rol tngai",
        "it was fine in the past but now he slaps me",
        "last year he was nice, this year he beats me every night",
    ],
)
def test_what_began_long_ago_and_goes_on_is_heard(text: str) -> None:
    assert _kind(text) == "violence"


@pytest.mark.parametrize(
    "text",
    [
        "ថៅកែវាយខ្ញុំ ខ្ញុំចង់មកស្រុកវិញ",
        "my husband hits me, I want to come back home",
        "he came back drunk and punched me",
        "គេឃុំពួកយើង ធ្វើម៉េចចេញបាន",
    ],
)
def test_who_wants_to_come_home_is_not_home_yet(text: str) -> None:
    assert _kind(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Boss says no pay. No. Beats me every day",
        "The answer was no. Hit me.",
        "I said no, raped me",
        "ប្រាក់ខែក៏អត់ វាយខ្ញុំទៀត",
        "ការងារធ្វើមិនទាន់ វាយខ្ញុំ",
        "luy ot vay nhom tiet",
        "ធ្វើមិនត្រូវ វាយខ្ញុំ",
        "I asked for my pay. No. He kicked me.",
        "bay kor ot vay nhom teat",
        "ឈឺក៏មិនឱ្យសម្រាក ធ្វើមិនទាន់ វាយពួកយើង",
        "គេអត់បើកលុយ។ វាយខ្ញុំ",
    ],
)
def test_a_denial_ends_with_its_sentence(text: str) -> None:
    assert _kind(text) == "violence"


@pytest.mark.parametrize(
    "text",
    [
        "please do not hit me any more I beg him",
        "កុំសម្លាប់ខ្ញុំអី",
        "សូមកុំវាយខ្ញុំទៀត ខ្ញុំខ្លាចហើយ",
        "please boss dont kill me",
        "Do not hit me!",
        "kom vay nhom",
    ],
)
def test_a_plea_is_no_denial(text: str) -> None:
    assert _kind(text) == "violence"


@pytest.mark.parametrize(
    "text",
    [
        "ថៅកែអត់វាយខ្ញុំទេ",
        "គេ អត់ វាយ ខ្ញុំ ទេ",
        "ថៅកែអត់ វាយខ្ញុំទេ",
        "he does not beat me",
        "ot te ke min vay nhom te",
        "thaoke nhom ot vay ot chae te, tae luy ot ban",
        "they never beat or shout at us, only the salary is late",
        "no, he did not hit me, he just deducted my pay",
        "ថៅកែនេះល្អ មិនដែលវាយមិនដែលជេរ",
    ],
)
def test_denials_stay_quiet(text: str) -> None:
    assert _kind(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("គេចាប់ប្អូនខ្ញុំទារលុយ", "confinement"),
        ("They hold my brother and ask for money", "confinement"),
        ("ke jab bong bros nhom tea luy 3000", "confinement"),
        ("the gang took my cousin, they ask money", "confinement"),
        ("my brother is held by a gang, they want 2000 dollars", "confinement"),
        ("my sister is kept in a brothel", "confinement"),
        ("my friend is locked in a brothel in Mae Sot", "confinement"),
        ("they keep me in a room", "confinement"),
        ("they keep us in a container at the port", "confinement"),
        ("I can not go outside the house", "confinement"),
        ("not allowed to go out for 3 months", "confinement"),
        ("my employer does not allow me out of the house", "confinement"),
        ("bong nhom sok sabay te gran tae ke ot oy nhom jenh pi pteah 5 khae hz", "confinement"),
        ("held against my will", "confinement"),
        ("I am trapped and need help", "confinement"),
        ("they put me in a cage", "confinement"),
        ("they shut him in a dog cage", "confinement"),
        ("They put chains on our feet", "confinement"),
        ("driver stopped the van in the forest and took two girls away", "confinement"),
        ("គេមិនឱ្យខ្ញុំស៊ីបាយ ៣ថ្ងៃហើយ", "illness"),
        ("min oy nhom hob bay 2 tngai hz", "illness"),
        ("they dont give us food 4 days", "illness"),
        ("not given food for 3 days", "illness"),
        ("I have not eaten since Monday they punish me", "illness"),
        ("ម៉ាស៊ីនកាត់ម្រាមដៃខ្ញុំដាច់", "illness"),
        ("saw cut off my fingers", "illness"),
        ("masin kat dai bong nhom dach", "illness"),
        ("ដៃខ្ញុំជាប់ក្នុងម៉ាស៊ីន ជួយផង", "illness"),
        ("jivit nhom krous thnak", "violence"),
        ("ជីវិតខ្ញុំគ្មានសុវត្ថិភាពទេ", "violence"),
        ("I'm scared for my life", "violence"),
        ("he comes into my room every night", "violence"),
        ("his son comes to my room when all sleep and touches me", "violence"),
        ("he put a knife on my neck", "violence"),
        ("only when he is drunk he chokes me, in the morning he says sorry", "violence"),
        ("the captain threatens to throw us in the sea", "violence"),
        ("khnhom trov ke rum lop", "violence"),
        ("boss touch my breast when no one see", "violence"),
        ("someone help, they are breaking our door", "violence"),
        ("he says delete the post or he will kill me", "violence"),
        ("If possible please tell me where to go, he beats me every day", "violence"),
        ("my brother said they will cut his finger if no money", "violence"),
        ("we are locked in the factory at night and the boss has the key", "confinement"),
        ("គេមិនឱ្យយើងចុះពីទូក ៨ខែហើយ", "confinement"),
        ("uncle of the boss touches my daughter", "violence"),
        ("they sold me to another boat", "trafficking"),
        ("I cut my wrist", "suicide"),
        ("I took many pills", "suicide"),
        ("took a whole bottle of paracetamol", "suicide"),
        ("nhom leb para 30 krob", "suicide"),
        ("khom jong slab", "suicide"),
        ("i just swallowed a lot of pills", "suicide"),
        ("nhom jong tov oy ptot pi lok nis", "suicide"),
        ("nobody cares if I die tonight", "suicide"),
        ("លាហើយកូន ម៉ាក់សុំទោស", "suicide"),
        ("goodbye mother I am sorry I cannot go on", "suicide"),
        ("I have written a letter for my children, please give them my money", "suicide"),
    ],
)
def test_plain_danger_is_found(text: str, kind: str) -> None:
    assert _kind(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "លាសិនបង សុំទោសរំខាន",
        "sorry goodbye",
        "lea hz bong som tos romkhan",
        "ok thanks bye sorry for my bad english",
        "I love you all goodbye see you tomorrow",
        "ខ្ញុំឈឺក្បាល ញ៉ាំប៉ារ៉ា",
        "I bought medicine at pharmacy, who pays",
        "I took two tablets and I feel better now",
        "I want to jump to another company",
        "I drink a lot of water at work",
        "ខ្ញុំឃ្លាន",
        "I am hungry",
        "I swim in the sea",
        "we work in the sea 20 days then rest 2 days",
        "ខ្ញុំធ្វើការយប់ ប៉ះពាល់សុខភាព",
        "ការងារនេះប៉ះពាល់ភ្នែកខ្ញុំ",
        "ខ្ញុំមកហើយបង យប់នេះ",
        "the bus comes every night",
        "my husband comes home late every night because of overtime",
        "ខ្ញុំចេញមិនបាន ព្រោះជាប់កុងត្រា",
        "boss not let me leave the job",
        "I cannot leave Thailand because my passport is expired",
        "ភ្លៀងខ្លាំង ចេញក្រៅមិនបាន",
        "I want to sell my motorbike",
        "i sold my two cow for the agency",
        "លក់ខ្ញុំទិញម៉ូតូ",
        "they keep us waiting for the visa",
        "he keeps my salary 2 months",
        "chain of the motorbike broke on the way to work",
        "I hit my target at work and still no bonus",
        "do they kill chickens in this job, I am scared of blood",
        "ខ្ញុំសុំមើលក៏គាត់ខឹង",
        "ប៉ាស្ព័ររបស់ពលករឃុំខ្ញុំ",
    ],
)
def test_ordinary_life_is_no_danger(text: str) -> None:
    assert _kind(text) is None


def test_a_supposition_covers_only_what_follows_it() -> None:
    assert _kind("if he beats me, where can I complain") is None
    assert _kind("he beats me; if I complain, where can I go") == "violence"


@pytest.mark.parametrize(
    "text",
    [
        "The boss is killing us with overtime lol",
        "my son is killing me with his questions haha",
        "neak trov thaokae vay tov rok ke juy nov na ban",
        "បើម៉ាស៊ីនកាត់ដៃ តើច្បាប់ថាម៉េច",
    ],
)
def test_talk_of_others_and_of_what_could_be_is_no_danger(text: str) -> None:
    assert _kind(text) is None


@pytest.mark.parametrize(
    "text", ["boss will kill me with a knife", "nhom trov thaokae vay tov rok ke juy nov na"]
)
def test_the_same_words_of_herself_are(text: str) -> None:
    assert _kind(text) == "violence"


@pytest.mark.parametrize("answer", ["never", "nobody"])
def test_a_denial_ends_with_its_sentence_before_any_word(answer: str) -> None:
    assert _kind(f"I asked why, he answered {answer}. Kill me he says") == "violence"
