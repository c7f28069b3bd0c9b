"""The 25 provinces of Cambodia (ISO 3166-2), as they are named in Khmer and English."""

UNSAID = "unsaid"
"""The answer of somebody who would rather not say where home is."""

PHNOM_PENH = "KH-12"

PROVINCE_NAMES: dict[str, tuple[str, str]] = {
    "KH-1": ("បន្ទាយមានជ័យ", "Banteay Meanchey"),
    "KH-2": ("បាត់ដំបង", "Battambang"),
    "KH-3": ("កំពង់ចាម", "Kampong Cham"),
    "KH-4": ("កំពង់ឆ្នាំង", "Kampong Chhnang"),
    "KH-5": ("កំពង់ស្ពឺ", "Kampong Speu"),
    "KH-6": ("កំពង់ធំ", "Kampong Thom"),
    "KH-7": ("កំពត", "Kampot"),
    "KH-8": ("កណ្តាល", "Kandal"),
    "KH-9": ("កោះកុង", "Koh Kong"),
    "KH-10": ("ក្រចេះ", "Kratie"),
    "KH-11": ("មណ្ឌលគិរី", "Mondulkiri"),
    PHNOM_PENH: ("ភ្នំពេញ", "Phnom Penh"),
    "KH-13": ("ព្រះវិហារ", "Preah Vihear"),
    "KH-14": ("ព្រៃវែង", "Prey Veng"),
    "KH-15": ("ពោធិ៍សាត់", "Pursat"),
    "KH-16": ("រតនគិរី", "Ratanakiri"),
    "KH-17": ("សៀមរាប", "Siem Reap"),
    "KH-18": ("ព្រះសីហនុ", "Preah Sihanouk"),
    "KH-19": ("ស្ទឹងត្រែង", "Stung Treng"),
    "KH-20": ("ស្វាយរៀង", "Svay Rieng"),
    "KH-21": ("តាកែវ", "Takeo"),
    "KH-22": ("ឧត្តរមានជ័យ", "Oddar Meanchey"),
    "KH-23": ("កែប", "Kep"),
    "KH-24": ("ប៉ៃលិន", "Pailin"),
    "KH-25": ("ត្បូងឃ្មុំ", "Tboung Khmum"),
}

PROVINCES: tuple[str, ...] = tuple(PROVINCE_NAMES)
